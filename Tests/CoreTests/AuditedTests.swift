import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

@Suite struct AuditedTests {
    private let directory = NSTemporaryDirectory() + "audited-" + UUID().uuidString
    private var file: String { directory + "/audit.log" }

    private func server() async throws -> CoreHarness {
        try await CoreHarness.audited(in: directory)
    }

    private func lines(_ operation: String) throws -> [JSON] {
        let bytes = FileManager.default.contents(atPath: file).map { Array($0) } ?? []
        return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) }
            .filter { $0["request"]?["operation"]?.stringValue == operation }
    }

    @Test(arguments: [
        ("read", "secret/data/a", "permission denied", "permission denied"), ("read", "secret/data/b", nil, nil),
        ("read", "secret/data/none", nil, "not found"), ("update", "secret/data/b", nil, nil),
        ("list", "secret/metadata", nil, nil),
    ])
    func recordsARequestAndThenItsResponse(operation: String, path: String, refusal: String?, error: String?) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        await server.writePolicy(
            "p",
            "path \"secret/*\" { capabilities = [\"read\", \"list\", \"update\"] } path \"secret/data/a\" { capabilities = [\"deny\"] }"
        )
        let token = try await server.token(["p"])
        await server.ask(.update, "secret/data/b", ["data": ["x": "y"]])
        let before = try lines(operation).count
        await server.ask(
            EngineKit.Operation(rawValue: operation) ?? .help, path, operation == "update" ? ["data": [:]] : nil, token: token)
        let lines = try lines(operation).dropFirst(before)
        #expect(lines.map { $0["type"]?.stringValue } == ["request", "response"])
        #expect(lines.allSatisfy { $0["request"]?["path"]?.stringValue == path })
        #expect(lines.first?["error"]?.stringValue == refusal)
        #expect((lines.last?["error"] == nil) == (error == nil))
        #expect(lines.allSatisfy { ($0["auth"]?["policy_results"]?["allowed"] == true) == (refusal == nil) })
    }

    @Test(arguments: ["read", "update", "list"])
    func answersNothingThatCannotBeRecorded(operation: String) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        await server.ask(.update, "secret/data/b", ["data": ["x": "y"]])
        // In the audit file's place stands a folder from now on, which no device can open.
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        let other = try await server.restarted(settings: server.core.settings)
        let answer = await other.ask(
            EngineKit.Operation(rawValue: operation) ?? .help, operation == "list" ? "secret/metadata" : "secret/data/b",
            operation == "update" ? ["data": ["x": "z"]] : nil)
        #expect(answer.code == .internal)
        #expect(answer.data == nil)
        try FileManager.default.removeItem(atPath: file)
        other.time.advance(seconds: 60)
        #expect(await other.ask(.read, "secret/data/b").data?["data"]?["x"] == "y")
    }

    @Test("records that the stored end of an audit file is damaged, and serves")
    func damagedCheckpoint() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        await server.core.close()
        let names = try await server.storage.list(Listing(prefix: "sys/audit-checkpoint/"))
        let key = "sys/audit-checkpoint/" + (try #require(names.first))
        var bytes = try #require(await server.storage.get(key)).value
        bytes[bytes.count - 1] ^= 1
        var batch = Batch()
        batch.put(key, bytes)
        try await server.storage.commit(batch)
        let again = try await server.restarted(settings: server.core.settings)
        #expect(await again.ask(.read, "sys/mounts").isSuccess)
        let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        #expect(text.contains(#""type":"break","reason":"what the server knew of the end of this file is damaged or gone""#))
    }
}
