import Core
import EngineKit
import Foundation
import SecretMemory
import Synchronization
import Syntax
import TestSupport
import Testing

/// A session of a person, as a console would know it: the credentials' name is the person's on the mount `userpass`.
private final class Sessions: InlineAuthenticator {
    let accessor = Mutex("")
    let rules = Mutex<[InlinePolicy]>([])

    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        let name = attempt.credentials.name
        return .granted(
            InlineGrant(
                displayName: "console-" + name, policies: ["own"], rules: rules.withLock { $0 },
                alias: InlineAlias(name: name, mountAccessor: accessor.withLock { $0 })))
    }
}

@Suite("The entity of a caller with inline credentials")
struct InlineEntityTests {
    private let sessions = Sessions()
    private let directory = NSTemporaryDirectory() + "inline-entity-" + UUID().uuidString

    /// Ann and bob have logged in once; what is whose is a matter of a template.
    private func server() async throws -> CoreHarness {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        let server = try await CoreHarness.make(
            settings: settings, inline: [InlineAuthenticatorDescription(kind: "console") { [sessions] _ in sessions }])
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        let accessor = await server.ask(.read, "sys/auth/userpass").data?["accessor"]?.stringValue ?? ""
        sessions.accessor.withLock { $0 = accessor }
        for name in ["ann", "bob"] {
            await server.ask(.update, "auth/userpass/users/\(name)", ["password": "a long password"])
            #expect(await server.ask(.update, "auth/userpass/login/\(name)", ["password": "a long password"], token: nil).isSuccess)
        }
        let name = "{{identity.entity.aliases.\(accessor).name}}"
        await server.writePolicy("own", "path \"secret/data/people/\(name)\" { capabilities = [\"create\", \"update\", \"read\"] }")
        await server.writePolicy("team", "path \"secret/data/team\" { capabilities = [\"read\"] }")
        for path in ["people/ann", "people/bob", "team"] {
            await server.ask(.update, "secret/data/" + path, ["data": ["k": .string(path)]])
        }
        return server
    }

    private func ask(_ server: CoreHarness, _ name: String, _ path: String) async -> CoreAnswer {
        var request = CoreRequest(id: "test", operation: .read, path: "secret/data/" + path)
        request.credentials = .inline(InlineCredentials(kind: "console", name: name, secret: SecretBytes([1])))
        request.connection = Connection(remoteAddress: "127.0.0.1")
        return await server.core.handle(request)
    }

    private func isAllowed(_ server: CoreHarness, _ name: String, _ path: String) async -> Bool {
        if case .success = await ask(server, name, path).outcome { true } else { false }
    }

    private func entityID(_ server: CoreHarness, _ name: String) async -> String {
        let body: JSONObject = ["alias_name": .string(name), "alias_mount_accessor": .string(sessions.accessor.withLock { $0 })]
        return await server.ask(.update, "identity/lookup/entity", body).data?["id"]?.stringValue ?? ""
    }

    @Test("renders templated policies, in the spelling that logins of the mount have")
    func templates() async throws {
        let server = try await server()
        #expect(await isAllowed(server, "ann", "people/ann"))
        #expect(await isAllowed(server, "ANN", "people/ann"))
        #expect(await !isAllowed(server, "ann", "people/bob"))
        #expect(await isAllowed(server, "bob", "people/bob"))
        #expect(await !isAllowed(server, "bob", "people/ann"))
    }

    @Test("brings the policies of the entity and its groups, for as long as it is in them")
    func groups() async throws {
        let server = try await server()
        #expect(await !isAllowed(server, "ann", "team"))
        let ann = await entityID(server, "ann")
        #expect(!ann.isEmpty)
        let group: JSONObject = ["name": "g", "policies": ["team"], "member_entity_ids": .strings([ann])]
        #expect(await server.ask(.update, "identity/group", group).isSuccess)
        #expect(await isAllowed(server, "ann", "team"))
        #expect(await !isAllowed(server, "bob", "team"))
        #expect(await server.ask(.update, "identity/group/name/g", ["member_entity_ids": []]).isSuccess)
        #expect(await !isAllowed(server, "ann", "team"))
    }

    @Test("renders the grant's own rules too, which still grant nothing that is denied")
    func rules() async throws {
        let server = try await server()
        let name = "{{identity.entity.aliases.\(sessions.accessor.withLock { $0 }).name}}"
        await server.ask(.update, "secret/data/notes/ann", ["data": ["k": "v"]])
        sessions.rules.withLock {
            $0 = [InlinePolicy(name: "notes", text: "path \"secret/data/notes/\(name)\" { capabilities = [\"read\"] }")]
        }
        #expect(await isAllowed(server, "ann", "notes/ann"))
        #expect(await !isAllowed(server, "bob", "notes/ann"))
        await server.writePolicy("own", "path \"secret/data/notes/*\" { capabilities = [\"deny\"] }")
        #expect(await !isAllowed(server, "ann", "notes/ann"))
    }

    @Test("lets nobody in when it is disabled, and again when it is not")
    func disabled() async throws {
        let server = try await server()
        let ann = await entityID(server, "ann")
        #expect(await server.ask(.update, "identity/entity/id/\(ann)", ["disabled": true]).isSuccess)
        let refused = await ask(server, "ann", "people/ann")
        #expect(refused.inlineRefusal == .notAllowed)
        #expect(await !isAllowed(server, "ann", "people/ann"))
        #expect(await server.ask(.update, "identity/entity/id/\(ann)", ["disabled": false]).isSuccess)
        #expect(await isAllowed(server, "ann", "people/ann"))
    }

    @Test(
        "is none for a name that never logged in, and none is made", arguments: ["carol", "", String(repeating: "x", count: 100)])
    func unknown(name: String) async throws {
        let server = try await server()
        let before = await server.ask(.list, "identity/entity/id").data?["keys"]?.arrayValue?.count
        #expect(await !isAllowed(server, name, "people/" + (name.isEmpty ? "x" : name)))
        #expect(await server.ask(.list, "identity/entity/id").data?["keys"]?.arrayValue?.count == before)
    }

    @Test("is none on a mount that is gone or that nobody logs in through", arguments: ["auth_userpass_00000000", "kv"])
    func mounts(accessor: String) async throws {
        let server = try await server()
        let kv = await server.ask(.read, "sys/mounts/secret").data?["accessor"]?.stringValue ?? ""
        sessions.accessor.withLock { $0 = accessor == "kv" ? kv : accessor }
        #expect(await !isAllowed(server, "ann", "people/ann"))
    }

    @Test("is on record with its policies")
    func audited() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let ann = await entityID(server, "ann")
        await server.ask(.update, "identity/entity/id/\(ann)", ["policies": ["team"]])
        let file = directory + "/audit.log"
        await server.ask(.update, "sys/audit/file", ["type": "file", "options": ["file_path": .string(file)]])
        for name in ["ann", "bob"] { _ = await ask(server, name, "team") }
        let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        let lines = try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
            .filter { $0["auth"]?["token_type"] == "inline" }
        try #require(lines.count == 4)
        for line in lines[..<2] {
            #expect(line["auth"]?["entity_id"]?.stringValue == ann && line["auth"]?["identity_policies"] == ["team"])
            #expect(line["auth"]?["policies"] == ["own", "team"])
        }
        #expect(lines[2]["auth"]?["entity_id"] != nil && lines[2]["auth"]?["entity_id"]?.stringValue != ann)
        #expect(lines[2]["auth"]?["identity_policies"] == nil)
    }
}
