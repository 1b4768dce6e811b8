import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

/// What is told when nothing can be recorded, and the status on record of what is refused.
@Suite struct UnrecordedAnswerTests {
    private let directory = NSTemporaryDirectory() + "unrecorded-" + UUID().uuidString
    private var file: String { directory + "/audit.log" }

    private func server() async throws -> CoreHarness {
        let server = try await CoreHarness.audited(in: directory)
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        return server
    }

    @Test func onlyAKnownCallerIsToldWhatTheAuditIsWrittenTo() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let first = try await server()
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        let server = try await first.restarted(settings: first.core.settings)
        let refused = RefusedRequest(
            id: "r", method: "TRACE", path: "secret/data/x", connection: Connection(remoteAddress: "192.0.2.9"), status: 405,
            reason: "method not allowed")
        let strangers = [
            await server.core.record(refused), await server.ask(.read, "secret//x", token: "unknown").error,
            await server.ask(.read, "sys/leader", token: nil).error, await server.ask(.read, "secret/data/x", token: nil).error,
            await server.ask(.update, "auth/userpass/login/x", ["password": "y"], token: nil).error,
        ]
        for error in strangers {
            let text = try #require(error).messages.joined()
            #expect(error?.code == .internal && text.hasPrefix("Refused: no audit device could record this request."))
            #expect(!text.contains(directory) && !text.contains("file/"))
        }
        let told = await server.ask(.read, "secret/data/x").error?.messages.first
        #expect(told?.contains("audit device \"file/\" failed") == true)
        let write = await server.ask(.update, "secret/data/x", ["data": [:]]).error?.messages.first
        #expect(write?.contains("audit device \"file/\" failed") == true)
    }

    @Test func aRefusalIsOnRecordWithItsStatus() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        func status() throws -> JSON? {
            let bytes = FileManager.default.contents(atPath: file).map { Array($0) } ?? []
            return try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) }
                .last { $0["type"] == "response" }?["response"]?["status_code"]
        }
        await server.ask(.read, "secret/data/x", token: "unknown")
        #expect(try status() == 403)
        await server.ask(.read, "secret/data/none")
        #expect(try status() == 404)
        await server.ask(.update, "sys/init", ["secret_shares": 1, "secret_threshold": 1], token: nil)
        #expect(try status() == 400)
    }
}
