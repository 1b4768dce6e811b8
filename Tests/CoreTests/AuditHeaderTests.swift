import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

@Suite struct AuditHeaderTests {
    private let directory = NSTemporaryDirectory() + "headers-" + UUID().uuidString
    private var file: String { directory + "/audit.log" }
    private let path = "sys/config/auditing/request-headers"

    private func server() async throws -> CoreHarness {
        try await CoreHarness.audited(in: directory)
    }

    /// The headers on record of a request that carried these.
    private func recorded(_ server: CoreHarness, _ headers: [(name: String, value: String)]) async throws -> JSON? {
        var request = CoreRequest(id: UUID().uuidString, operation: .read, path: "secret/data/x", credentials: .token(server.root))
        request.headers = headers
        _ = await server.core.handle(request)
        let bytes = FileManager.default.contents(atPath: file).map { Array($0) } ?? []
        let lines = try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) }
        return lines.last { $0["request"]?["id"]?.stringValue == request.id }?["request"]?["headers"]
    }

    @Test func aRuleDecidesWhichHeadersAreOnRecordAndHow() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let sent = [("x-forwarded-for", "10.0.0.1"), ("x-tenant", "a"), ("x-tenant", "b"), ("x-other", "canary-header")]
        #expect(try await recorded(server, sent) == nil)
        #expect(await server.ask(.update, path + "/X-Forwarded-For", ["hmac": false]).isSuccess)
        #expect(await server.ask(.update, path + "/x-tenant", ["hmac": true]).isSuccess)
        let found = try await recorded(server, sent)
        #expect(found?["x-forwarded-for"] == ["10.0.0.1"])
        let hashes = [try await hash(server, "a"), try await hash(server, "b")]
        #expect(found?["x-tenant"] == .strings(hashes))
        #expect(found?.objectValue?.count == 2)
        #expect(
            await server.ask(.read, path).data == ["headers": ["x-forwarded-for": ["hmac": false], "x-tenant": ["hmac": true]]])
        #expect(await server.ask(.read, path + "/X-Tenant").data == ["x-tenant": ["hmac": true]])
        await server.core.close()
        let again = try await server.restarted(settings: server.core.settings)
        #expect(try await recorded(again, sent)?.objectValue?.count == 2)
        #expect(await again.ask(.delete, path + "/x-tenant").isSuccess)
        #expect(try await recorded(again, sent)?.objectValue?.count == 1)
        #expect(await again.ask(.read, path + "/x-tenant").error?.messages == ["Could not find header in config"])
        #expect(!String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self).contains("canary-header"))
    }

    private func hash(_ server: CoreHarness, _ value: String) async throws -> String {
        let answer = await server.ask(.update, "sys/audit-hash/file", ["input": .string(value)])
        return try #require(answer.data?["hash"]?.stringValue)
    }

    @Test(arguments: ["X-Api-Key", "X-Token", "Proxy-Authorization", "Cookie"])
    func aHeaderThatMayCarryACredentialIsNeverInTheClear(name: String) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        #expect(await server.ask(.update, path + "/" + name, ["hmac": false]).code == .invalidRequest)
        #expect(await server.ask(.update, path + "/" + name).code == .invalidRequest)
        #expect(await server.ask(.update, path + "/" + name, ["hmac": true]).isSuccess)
    }

    @Test func onlyWhoHasSudoMayChangeTheRules() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        await server.writePolicy("p", "path \"\(path)*\" { capabilities = [\"create\", \"update\", \"read\"] }")
        let token = try await server.token(["p"])
        #expect(await server.ask(.update, path + "/x-a", ["hmac": false], token: token).code == .permissionDenied)
    }
}
