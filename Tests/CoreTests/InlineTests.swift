import Core
import EngineKit
import Foundation
import SecretMemory
import Synchronization
import Syntax
import TestSupport
import Testing

/// Knows one service and its key.
private struct OneService: InlineAuthenticator {
    var grant = InlineGrant(displayName: "service-newsbot", policies: ["app"], metadata: ["service": "newsbot"])

    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        let isKey = attempt.credentials.secret.withBytes { Array($0) == Array("the-key".utf8) }
        guard attempt.credentials.name == "newsbot" else { return .refused(.unknownName) }
        guard attempt.connection.remoteAddress != "203.0.113.9" else { return .refused(.notAllowed) }
        return isKey ? .granted(grant) : .refused(.wrongSecret)
    }
}

@Suite struct InlineTests {
    private let directory = NSTemporaryDirectory() + "inline-" + UUID().uuidString

    private func server(_ grant: InlineGrant? = nil, storage: any Storage = MemoryStorage()) async throws -> CoreHarness {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        let server = try await CoreHarness.make(storage: storage, settings: settings, inline: [Self.description(grant)])
        await server.writePolicy("app", "path \"secret/data/app/*\" { capabilities = [\"read\", \"create\"] }")
        await server.ask(.update, "secret/data/app/db", ["data": ["k": "v"]])
        await server.ask(.update, "secret/data/other", ["data": ["k": "v"]])
        return server
    }

    private static func description(_ grant: InlineGrant?) -> InlineAuthenticatorDescription {
        InlineAuthenticatorDescription(kind: "service") { _ in
            var service = OneService()
            if let grant { service.grant = grant }
            return service
        }
    }

    private func ask(
        _ server: CoreHarness, _ path: String, name: String = "newsbot", key: String = "the-key", kind: String = "service",
        operation: EngineKit.Operation = .read, body: JSONObject? = nil, from address: String = "127.0.0.1"
    ) async -> CoreAnswer {
        var request = CoreRequest(id: "test", operation: operation, path: path, body: body?.encoded() ?? [])
        request.credentials = .inline(InlineCredentials(kind: kind, name: name, secret: SecretBytes(key.utf8)))
        request.connection = Connection(remoteAddress: address)
        return await server.core.handle(request)
    }

    /// Its grant changes between two requests, as after a reload of rules.
    private final class Changing: InlineAuthenticator {
        let grant = Mutex(InlineGrant(displayName: "service-newsbot", policies: ["app"]))

        func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict { .granted(grant.withLock { $0 }) }
    }

    @Test func whatChangesInItsGrantCountsFromTheNextRequestOn() async throws {
        let changing = Changing()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = CoreSettings()
        settings.auditDirectories = [directory]
        let server = try await CoreHarness.make(
            settings: settings, inline: [InlineAuthenticatorDescription(kind: "service") { _ in changing }])
        await server.writePolicy("app", "path \"secret/data/app/*\" { capabilities = [\"read\"] }")
        await server.ask(.update, "secret/data/app/db", ["data": ["k": "v"]])
        await server.ask(.update, "secret/data/other", ["data": ["k": "v"]])
        func statuses() async -> [Bool] {
            var found: [Bool] = []
            for path in ["secret/data/app/db", "secret/data/other"] { found.append(await ask(server, path).code == nil) }
            return found
        }
        for _ in 0..<2 { #expect(await statuses() == [true, false]) }
        let other = InlinePolicy(name: "other", text: "path \"secret/data/other\" { capabilities = [\"read\"] }")
        changing.grant.withLock { $0.rules = [other] }
        for _ in 0..<2 { #expect(await statuses() == [true, true]) }
        changing.grant.withLock { $0.policies = [] }
        for _ in 0..<2 { #expect(await statuses() == [false, true]) }
    }

    @Test func whatItsCredentialsLeaveOfItsPoliciesIsAllItGets() async throws {
        let grant = InlineGrant(
            displayName: "service-newsbot", policies: ["app"],
            limit: Narrowing(allows: { operation, path in operation == .read && path == "secret/data/app/db" }))
        let server = try await server(grant)
        #expect(await ask(server, "secret/data/app/db").code == nil)
        #expect(await ask(server, "secret/data/app/other").code == .permissionDenied)
        #expect(await ask(server, "secret/data/app/db", operation: .update, body: ["data": [:]]).code == .permissionDenied)
        #expect(await ask(server, "secret/data/other").code == .permissionDenied)
    }

    @Test func aServiceReadsWhatItsPoliciesAllowAndNothingElse() async throws {
        let server = try await server()
        let before = await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count
        let read = await ask(server, "secret/data/app/db")
        #expect(CoreHarness.Answer(outcome: read.outcome).data?["data"]?["k"] == "v")
        #expect(read.inlineName == "service-newsbot")
        for path in ["secret/data/other", "sys/mounts", "auth/token/lookup-self", "no/such/mount"] {
            #expect(await ask(server, path).code == .permissionDenied)
        }
        #expect(await ask(server, "auth/token/create", operation: .update, body: [:]).code == .permissionDenied)
        #expect(await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count == before)
    }

    @Test(arguments: [
        ("newsbot", "wrong", "127.0.0.1", InlineRefusal.wrongSecret), ("nobody", "the-key", "127.0.0.1", .unknownName),
        ("newsbot", "the-key", "203.0.113.9", .notAllowed),
    ])
    func aRefusalIsTheSameForTheCallerAndKnownToTheDialect(
        name: String, key: String, address: String, refusal: InlineRefusal
    ) async throws {
        let server = try await server()
        let answer = await ask(server, "secret/data/app/db", name: name, key: key, from: address)
        #expect(answer.code == .permissionDenied && answer.inlineRefusal == refusal && answer.inlineName == nil)
    }

    @Test func rulesOfTheGrantCountBesideStoredPoliciesAndADenyWins() async throws {
        let allow = "path \"secret/data/*\" { capabilities = [\"read\"] }"
        let deny = "path \"secret/data/app/*\" { capabilities = [\"deny\"] }"
        let server = try await server(
            InlineGrant(
                displayName: "s", policies: ["app"], rules: [.init(name: "a", text: allow), .init(name: "b", text: deny)]))
        #expect(await ask(server, "secret/data/other").code == nil)
        #expect(await ask(server, "secret/data/app/db").code == .permissionDenied)
        let token = try await server.token(["app"])
        #expect(await server.ask(.read, "secret/data/app/db", token: token).isSuccess)
    }

    @Test func whatAStoredPolicyDeniesNoRuleOfTheGrantAllows() async throws {
        let allow = "path \"secret/data/+/db\" { capabilities = [\"read\"] }"
        let server = try await server(InlineGrant(displayName: "s", policies: ["engine-x"], rules: [.init(name: "a", text: allow)]))
        #expect(await ask(server, "secret/data/app/db").code == nil)
        await server.writePolicy("engine-x", "path \"secret/data/*\" { capabilities = [\"deny\"] }")
        #expect(await ask(server, "secret/data/app/db").code == .permissionDenied)
        await server.writePolicy("engine-x", "path \"secret/data/other\" { capabilities = [\"read\"] }")
        #expect(await ask(server, "secret/data/app/db").code == nil)
        #expect(await ask(server, "secret/data/other").code == nil)
    }

    @Test func aLockedNameIsToldForHowLong() async throws {
        let server = try await server()
        let start = server.time.now()
        for _ in 0..<5 { _ = await ask(server, "secret/data/app/db", key: "wrong", from: "10.0.0.1") }
        func left() async -> Int? {
            guard case .failure(let error) = await ask(server, "secret/data/app/db", from: "10.0.0.1").outcome else { return nil }
            return error.retryAfter
        }
        #expect(await left() == 900)
        server.time.advance(seconds: 600)
        #expect(await left() == 300)
        // A further guess does not make it longer.
        _ = await ask(server, "secret/data/app/db", key: "wrong", from: "10.0.0.1")
        #expect(await left() == 300)
        server.time.advance(to: Timestamp(nanoseconds: start.nanoseconds + 899_500_000_000))
        #expect(await left() == 1)
        // Whoever waited that long is let in.
        server.time.advance(seconds: 1)
        #expect(await left() == nil && server.time.now() > start.adding(seconds: 900))
        guard case .failure(let error) = await ask(server, "secret/data/app/db", key: "wrong", from: "10.0.0.1").outcome else {
            Issue.record("let in with a wrong key")
            return
        }
        #expect(error.retryAfter == nil)
    }

    @Test func aGrantIsNeverRootAndABrokenRuleLetsNothingThrough() async throws {
        let server = try await server(InlineGrant(displayName: "s", policies: ["ROOT"]))
        #expect(await ask(server, "secret/data/app/db").code == .internal)
        let broken = try await self.server(
            InlineGrant(displayName: "s", policies: ["app"], rules: [.init(name: "a", text: "path {")]))
        #expect(await ask(broken, "secret/data/app/db").code == .internal)
    }

    @Test func fiveFailuresLockANameForItsAddressAlone() async throws {
        let server = try await server()
        for _ in 0..<5 { _ = await ask(server, "secret/data/app/db", key: "wrong", from: "10.0.0.1") }
        #expect(await ask(server, "secret/data/app/db", from: "10.0.0.1").inlineRefusal == .locked)
        #expect(await ask(server, "secret/data/app/db", from: "10.0.0.2").code == nil)
        let again = try await server.restarted(settings: server.core.settings, inline: [Self.description(nil)])
        #expect(await ask(again, "secret/data/app/db", from: "10.0.0.1").inlineRefusal == .locked)
        again.time.advance(seconds: 900)
        #expect(await ask(again, "secret/data/app/db", from: "10.0.0.1").code == nil)
    }

    @Test func oneNetworkOfIPv6IsOneAddress() async throws {
        let server = try await server()
        for host in 1...5 { _ = await ask(server, "secret/data/app/db", key: "wrong", from: "2001:db8::\(host)") }
        #expect(await ask(server, "secret/data/app/db", from: "2001:db8::ffff").inlineRefusal == .locked)
        #expect(await ask(server, "secret/data/app/db", from: "2001:db8:0:1::1").code == nil)
    }

    @Test func theAuditSaysWhoItWasAndNothingOfTheSecret() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await server()
        let file = directory + "/audit.log"
        await server.ask(.update, "sys/audit/file", ["type": "file", "options": ["file_path": .string(file)]])
        _ = await ask(server, "secret/data/app/db")
        _ = await ask(server, "secret/data/app/db", name: "no-such-service", key: "wrong-key-canary")
        let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        for secret in ["the-key", "wrong-key-canary", "no-such-service"] { #expect(!text.contains(secret)) }
        let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
            .filter { $0["auth"]?["token_type"] == "inline" }
        #expect(lines.count == 4)
        let auth = lines[0]["auth"]
        #expect(auth?["display_name"] == "service-newsbot" && auth?["inline_kind"] == "service")
        #expect(auth?["policies"] == ["app"] && auth?["metadata"] == ["service": "newsbot"])
        #expect(auth?["policy_results"]?["granting_policies"]?.arrayValue?.first?["name"] == "app")
        #expect(lines[2]["error"] == "permission denied" && lines[2]["auth"]?["display_name"] == nil)
        #expect(lines[2]["auth"]?["inline_name"]?.stringValue?.hasPrefix("hmac-sha256:") == true)
    }
}

extension CoreAnswer {
    fileprivate var code: CofferError.Code? { if case .failure(let error) = outcome { error.code } else { nil } }
}
