import Core
import EngineKit
import Foundation
import Synchronization
import Syntax
import Testing

/// What decides between `create` and `update`: the existence check, and the update that finds nothing.
@Suite struct CreationTests {
    private func server(_ settings: CoreSettings = CoreSettings()) async throws -> CoreHarness {
        let server = try await CoreHarness.make(settings: settings)
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        for name in ["create", "update"] {
            await server.writePolicy(name, "path \"test/*\" { capabilities = [\"\(name)\"] }")
        }
        return server
    }

    @Test(
        "makes what is not there for those who may create, and changes what is there for those who may update",
        arguments: ["things", "bare"], [["create"], ["update"], ["create", "update"], ["root"]])
    func chooses(path: String, rights: [String]) async throws {
        let server = try await server()
        let token = rights == ["root"] ? server.root : try await server.token(rights)
        let (mayCreate, mayUpdate) = (rights != ["update"], rights != ["create"])
        // Without an existence check every write begins as an update, as in Vault.
        let makes = path == "things" ? mayCreate : mayCreate && mayUpdate
        #expect(await server.ask(.update, "test/\(path)/new", token: token).code == (makes ? nil : .permissionDenied))
        #expect(server.engine.state.withLock { $0.things.contains("new") } == makes)
        server.engine.set {
            $0.things = ["old"]
            $0.handled = []
        }
        #expect(await server.ask(.update, "test/\(path)/old", token: token).code == (mayUpdate ? nil : .permissionDenied))
        #expect(server.engine.state.withLock { $0.handled } == (mayUpdate ? ["update"] : []))
    }

    @Test("asks for the right to create when what was there is gone by then", arguments: [["update"], ["create", "update"]])
    func isOvertaken(rights: [String]) async throws {
        let server = try await server()
        server.engine.set { $0.existence = true }
        let token = try await server.token(rights)
        let mayCreate = rights.contains("create")
        #expect(await server.ask(.update, "test/things/gone", token: token).code == (mayCreate ? nil : .permissionDenied))
        #expect(server.engine.state.withLock { $0.things.contains("gone") } == mayCreate)
        #expect(server.engine.state.withLock { $0.handled } == (mayCreate ? ["update", "create"] : ["update"]))
    }

    @Test("keeps to the parameters that a policy allows for a creation")
    func keepsToParameters() async throws {
        let server = try await server()
        await server.writePolicy(
            "denied", "path \"test/bare/*\" { capabilities = [\"create\", \"update\"] denied_parameters = { x = [] } }")
        let token = try await server.token(["denied"])
        #expect(await server.ask(.update, "test/bare/new", ["x": "1"], token: token).code == .permissionDenied)
        #expect(await server.ask(.update, "test/bare/new", ["y": "1"], token: token).isSuccess)
    }

    @Test("is not found where nothing can be made")
    func isStuck() async throws {
        let server = try await server()
        #expect(await server.ask(.update, "test/stuck/new").code == .notFound)
        server.engine.set { $0.things = ["old"] }
        #expect(await server.ask(.update, "test/stuck/old").isSuccess)
    }

    @Test("is on record as what it became: a creation, allowed or denied")
    func isRecorded() async throws {
        let directory = NSTemporaryDirectory() + "creation-" + UUID().uuidString
        let file = directory + "/audit.log"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        let server = try await server(settings)
        await server.ask(.update, "sys/audit/file", ["type": "file", "options": ["file_path": .string(file)]])
        server.engine.set { $0.existence = true }
        let (both, updater) = (try await server.token(["create", "update"]), try await server.token(["update"]))
        await server.ask(.update, "test/things/one", token: both)
        await server.ask(.update, "test/things/two", token: updater)
        let lines = try (FileManager.default.contents(atPath: file) ?? Data()).split(separator: UInt8(ascii: "\n"))
            .map { try JSON(parsing: $0) }
        func operations(_ path: String, _ type: String) -> [String] {
            lines.filter { $0["request"]?["path"]?.stringValue == path && $0["type"]?.stringValue == type }
                .compactMap { $0["request"]?["operation"]?.stringValue }
        }
        for type in ["request", "response"] {
            #expect(operations("test/things/one", type) == ["create"])
            #expect(operations("test/things/two", type) == ["create"])
        }
    }
}
