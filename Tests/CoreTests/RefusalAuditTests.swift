import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

/// What is answered without a way through the pipeline is on record all the same.
@Suite struct RefusalAuditTests {
    private let directory = NSTemporaryDirectory() + "refused-" + UUID().uuidString
    private var file: String { directory + "/audit.log" }

    private func server() async throws -> CoreHarness {
        try await CoreHarness.audited(in: directory)
    }

    private var text: String { FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    private func lines() throws -> [JSON] {
        try Array(text.utf8).split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) }
            .filter { ["request", "response"].contains($0["type"]?.stringValue) }
    }

    @Test(arguments: ["secret//data/x", "secret/../sys", "secret/%2e%2e/x", "a%00b", ""])
    func aMalformedPathLeavesALine(path: String) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let before = try lines().count
        #expect(await server.ask(.read, path, from: "192.0.2.7").code == .invalidRequest)
        let more = Array(try lines().dropFirst(before))
        #expect(more.map { $0["type"]?.stringValue } == ["request", "response"])
        for line in more {
            #expect(line["error"]?.stringValue?.hasPrefix("the path ") == true)
            #expect(line["request"]?["remote_address"] == "192.0.2.7" && line["request"]?["path"] == "")
            #expect(line["request"]?["data"]?["path"]?.stringValue?.hasPrefix("hmac-sha256:") == true)
            #expect(line["request"]?["client_token"]?.stringValue?.hasPrefix("hmac-sha256:") == true)
        }
    }

    @Test func aTokenInAPathThatLeadsNowhereIsNotInTheTrail() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let token = try await server.token(["default"])
        for path in [token, "secret//\(token)", "none/\(token)", "sys/mounts/\(token)", "sys/internal/ui/mounts/\(token)/x"] {
            for who in ["", "unknown"] { await server.ask(.read, path, token: who) }
        }
        await server.ask(.update, "sys/mounts/x", ["type": .string(token)])
        #expect(try !text.contains(token) && lines().count > 20)
    }

    @Test func openPathsLeaveALineAndNoShare() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let share = "c2hhcmUtb2YtdGhlLWtleS10aGF0LWlzLXNlY3JldA=="
        let asked: [(EngineKit.Operation, String, JSONObject?)] = [
            (.read, "sys/leader", nil), (.read, "sys/init", nil),
            (.update, "sys/init", ["secret_shares": 1, "secret_threshold": 1]),
            (.update, "sys/unseal", ["key": .string(share)]), (.update, "sys/unseal", ["key": "", share: "x"]),
            (.delete, "sys/leader", nil),
        ]
        for (operation, path, body) in asked {
            let before = try lines().count
            await server.ask(operation, path, body, token: nil)
            let more = try lines().dropFirst(before)
            #expect(more.map { $0["type"]?.stringValue } == ["request", "response"], "\(path)")
            #expect(more.allSatisfy { $0["request"]?["path"]?.stringValue == path })
        }
        let before = try lines().count
        for path in ["sys/health", "sys/seal-status"] { await server.ask(.read, path, token: nil) }
        #expect(try lines().count == before && !text.contains(share))
    }

    @Test func aNewDeviceDoesNotTakeOverTheFileOfAnother() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let options: JSON = ["file_path": .string(file)]
        #expect(await server.ask(.delete, "sys/audit/file").isSuccess)
        let before = text
        let refused = await server.ask(.update, "sys/audit/file", ["type": "file", "options": options])
        #expect(refused.code == .invalidRequest)
        #expect(refused.error?.messages.first?.contains("holds lines already") == true)
        #expect(text == before && !before.contains("\"break\""))
        // Nothing is left of the attempt: the file may be moved away, and another one begun.
        #expect(await server.ask(.read, "secret/data/none").code == .notFound)
        try FileManager.default.moveItem(atPath: file, toPath: file + ".1")
        #expect(await server.ask(.update, "sys/audit/file", ["type": "file", "options": options]).isSuccess)
        #expect(text.contains("\"start\":\"new\"") && !text.contains("\"break\""))
        // A device that is known goes on in its file, after a restart as well.
        await server.core.close()
        let again = try await server.restarted(settings: server.core.settings)
        #expect(await again.ask(.read, "secret/data/none").code == .notFound)
        #expect(text.contains("\"start\":\"continued\"") && !text.contains("\"break\""))
    }

    @Test func whatADialectRefusedIsOnRecordOrNotAnswered() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let refused = RefusedRequest(
            id: "r", method: "TRACE", path: "secret/data/x", connection: Connection(remoteAddress: "192.0.2.9"), status: 405,
            reason: "method not allowed")
        #expect(await server.core.record(refused) == nil)
        let line = try #require(try lines().last)
        #expect(line["request"]?["operation"] == "trace" && line["request"]?["path"] == "secret/data/x")
        #expect(line["response"]?["status_code"] == 405 && line["error"] == "method not allowed")
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        let other = try await server.restarted(settings: server.core.settings)
        #expect(await other.core.record(refused)?.code == .internal)
        #expect(await other.ask(.read, "secret//x").code == .internal)
        #expect(await other.ask(.read, "sys/leader", token: nil).code == .internal)
        #expect(await other.ask(.read, "sys/health", token: nil).isSuccess)
    }
}
