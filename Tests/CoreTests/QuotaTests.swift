import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

@testable import Core  // The bound of the clients' table has no other outside than memory.

@Suite struct QuotaTests {
    private func server() async throws -> CoreHarness {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/mounts/kv1", ["type": "kv"])
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        for path in ["kv1/a", "kv1/b", "kv1/ab"] { await server.ask(.update, path, ["k": "v"]) }
        return server
    }

    @discardableResult
    private func quota(_ server: CoreHarness, _ name: String, _ fields: JSONObject) async -> CoreHarness.Answer {
        await server.ask(.update, "sys/quotas/rate-limit/\(name)", fields, from: "192.0.2.1")
    }

    /// How many of ten requests are let through.
    private func passed(
        _ server: CoreHarness, _ path: String, _ operation: EngineKit.Operation = .read, _ body: JSONObject? = nil,
        token: String? = "", from address: String = "127.0.0.1"
    ) async -> Int {
        var count = 0
        for _ in 0..<10 {
            let code = await server.ask(operation, path, body, token: token, from: address).code
            if code != .rateLimited { count += 1 }
        }
        return count
    }

    @Test func eachClientHasItsRateInEachInterval() async throws {
        let server = try await server()
        #expect(await quota(server, "all", ["rate": 3, "interval": "10s"]).isSuccess)
        #expect(await passed(server, "kv1/a") == 3)
        #expect(await passed(server, "kv1/a", from: "127.0.0.2") == 3)
        server.time.advance(seconds: 9)
        #expect(await passed(server, "kv1/a") == 0)
        server.time.advance(seconds: 1)
        #expect(await passed(server, "kv1/b") == 3)
    }

    @Test func aClientBeyondItsRateIsKeptOutForTheBlockInterval() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 2, "block_interval": "60s"])
        #expect(await passed(server, "kv1/a") == 2)
        server.time.advance(seconds: 59)
        #expect(await passed(server, "kv1/a") == 0)
        server.time.advance(seconds: 1)
        #expect(await passed(server, "kv1/a") == 2)
    }

    @Test(arguments: [
        ("kv1/a", 4), ("kv1/ab", 5), ("kv1/b", 6), ("kv1/acb", 5), ("secret/data/x", 7), ("sys/mounts", 7), ("none/x", 7),
    ])
    func theMostSpecialQuotaIsTheOnlyOneThatCounts(path: String, rate: Int) async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 7])
        await quota(server, "mount", ["rate": 6, "path": "kv1"])
        await quota(server, "glob", ["rate": 5, "path": "kv1/a*"])
        await quota(server, "exact", ["rate": 4, "path": "kv1/a"])
        #expect(await passed(server, path) == rate)
    }

    @Test func aRoleHasAQuotaOfItsOwnAndABodyWithoutOneDoesNotEscapeTheMounts() async throws {
        let server = try await server()
        for name in ["one", "two"] { await server.ask(.update, "auth/approle/role/\(name)", ["role_id": .string("id-\(name)")]) }
        await quota(server, "mount", ["rate": 4, "path": "auth/approle/"])
        await quota(server, "role", ["rate": 2, "path": "auth/approle/", "role": "one"])
        func logins(_ id: String, from address: String) async -> Int {
            await passed(
                server, "auth/approle/login", .update, ["role_id": .string(id), "secret_id": "x"], token: nil, from: address)
        }
        #expect(await logins("id-one", from: "10.0.0.1") == 2)
        #expect(await logins("id-two", from: "10.0.0.2") == 4)
        #expect(await logins("unknown", from: "10.0.0.3") == 4)
        #expect(await passed(server, "auth/approle/login", .update, nil, token: nil, from: "10.0.0.4") == 4)
        await quota(server, "user", ["rate": 1, "path": "auth/userpass/login", "role": "bob"])
        #expect(await passed(server, "auth/userpass/login/BOB", .update, ["password": "x"], token: nil) == 10)
        await quota(server, "user", ["rate": 1, "path": "auth/userpass", "role": "bob"])
        #expect(await passed(server, "auth/userpass/login/BOB", .update, ["password": "x"], token: nil) == 1)
    }

    @Test func isDecidedBeforeTheBodyOrTheTokenIsLookedAt() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 1, "interval": 60])
        var request = CoreRequest(id: "test", operation: .update, path: "kv1/a", body: Array("{".utf8))
        request.credentials = .token("no-token")
        request.connection = Connection(remoteAddress: "127.0.0.1")
        let first = CoreHarness.Answer(outcome: await server.core.handle(request).outcome)
        #expect(first.code == .permissionDenied || first.code == .invalidRequest)
        let second = await server.core.handle(request)
        #expect(CoreHarness.Answer(outcome: second.outcome).error?.messages == ["rate limit quota exceeded"])
        #expect(CoreHarness.Answer(outcome: second.outcome).error?.retryAfter == 60 && second.headers.isEmpty)
    }

    @Test func repliesSayWhatIsLeftWhereThatIsTurnedOn() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 2, "interval": 60, "path": "kv1"])
        await server.ask(.update, "sys/quotas/config", ["enable_rate_limit_response_headers": true])
        var request = CoreRequest(id: "test", operation: .read, path: "kv1/a", credentials: .token(server.root))
        request.connection = Connection(remoteAddress: "127.0.0.1")
        let reset = String(server.time.now().seconds + 60)
        for (left, hasWait) in [("1", false), ("0", false), ("0", true)] {
            let answer = await server.core.handle(request)
            #expect(CoreHarness.Answer(outcome: answer.outcome).error?.retryAfter == (hasWait ? 60 : nil))
            #expect(
                answer.headers.map { "\($0.name)=\($0.value)" }
                    == ["x-ratelimit-limit=2", "x-ratelimit-remaining=\(left)", "x-ratelimit-reset=\(reset)"])
        }
        request.path = "secret/data/x"
        #expect(await server.core.handle(request).headers.isEmpty)
    }

    @Test func exemptPathsAreNotCounted() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 1])
        for path in ["sys/health", "sys/seal-status"] { #expect(await passed(server, path, token: nil) == 10) }
        #expect(await passed(server, "sys/leader", token: nil, from: "10.0.0.1") == 1)
        let change: JSONObject = ["rate_limit_exempt_paths": ["/v1/kv1/a*"], "absolute_rate_limit_exempt_paths": "sys/leader"]
        #expect(await server.ask(.update, "sys/quotas/config", change, from: "10.0.0.2").isSuccess)
        #expect(await passed(server, "kv1/ab", from: "10.0.0.3") == 10)
        #expect(await passed(server, "sys/leader", token: nil, from: "10.0.0.3") == 10)
        #expect(await passed(server, "sys/health", token: nil, from: "10.0.0.3") == 1)
    }

    @Test(arguments: [
        ("kv1/a", "kv1/a", true), ("kv1/a", "kv1/ab", true), ("kv1/", "kv1/a", true), ("kv1/*", "kv1/a", true),
        ("kv1", "kv1/a", true),
        ("/v1/kv1/", "kv1/b", true), ("kv1/a", "kv1/b", false), ("kv1/a*", "kv1/a", true), ("kv1/ab/", "kv1/ab", false),
    ])
    func anExemptPathIsAPrefix(exempt: String, path: String, isExempt: Bool) async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 1])
        await server.ask(.update, "sys/quotas/config", ["rate_limit_exempt_paths": [.string(exempt)]], from: "10.0.0.2")
        #expect(await passed(server, path, from: "10.0.0.3") == (isExempt ? 10 : 1))
    }

    @Test func theLongestExemptPrefixDecides() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 1])
        let paths: JSON = ["kv1/", "!kv1/ab"]
        #expect(await server.ask(.update, "sys/quotas/config", ["rate_limit_exempt_paths": paths], from: "10.0.0.2").isSuccess)
        #expect(await passed(server, "kv1/a", from: "10.0.0.3") == 10)
        #expect(await passed(server, "kv1/ab", from: "10.0.0.4") == 1)
    }

    @Test func aQuotaForEverythingKeepsNobodyFromTheQuotas() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 1, "block_interval": "1h"])
        #expect(await passed(server, "kv1/a") == 1)
        #expect(await passed(server, "sys/quotas/rate-limit/all") == 10)
        #expect(await passed(server, "sys/quotas/rate-limit", .list) == 10)
        #expect(await passed(server, "sys/quotasx") == 0, "only the quotas themselves")
        #expect(await server.ask(.delete, "sys/quotas/rate-limit/all").isSuccess)
        #expect(await passed(server, "kv1/a") == 10)
    }

    @Test func whatHasNoPathIsCountedByTheQuotaForEverything() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 2])
        #expect(await passed(server, "kv1//a") == 2)
        #expect(await passed(server, "kv1/a") == 0)
    }

    @Test func quotasOutliveARestartAndEndWithTheirMount() async throws {
        let server = try await server()
        await quota(server, "kv", ["rate": .number("2.5"), "path": "kv1/", "interval": "5s", "block_interval": 7])
        let expected: JSONObject = [
            "type": "rate-limit", "name": "kv", "path": "kv1/", "role": "", "rate": .number("2.5"), "inheritable": false,
            "interval": 5,
            "block_interval": 7,
        ]
        let again = try await server.restarted()
        let shown = await again.ask(.read, "sys/quotas/rate-limit/kv").data
        #expect(shown.map { Set($0.keys) } == Set(expected.keys))
        for member in expected { #expect(shown?[member.key] == member.value) }
        #expect(await passed(again, "kv1/a") == 3)
        await again.ask(.update, "sys/remount", ["from": "kv1", "to": "kv9"])
        #expect(await again.ask(.read, "sys/quotas/rate-limit/kv").data?["path"] == "kv9/")
        #expect(await passed(again, "kv9/a", from: "10.0.0.1") == 3)
        await again.ask(.delete, "sys/mounts/kv9")
        #expect(await again.ask(.read, "sys/quotas/rate-limit/kv").code == .notFound)
        #expect(await again.ask(.list, "sys/quotas/rate-limit").code == .notFound)
    }

    @Test func aDeletedQuotaLimitsNobodyAndAChangedOneAtOnce() async throws {
        let server = try await server()
        await quota(server, "all", ["rate": 1, "interval": 60])
        #expect(await passed(server, "kv1/a") == 1)
        await quota(server, "all", ["rate": 4, "interval": 60])
        #expect(await passed(server, "kv1/a") == 4)
        #expect(await server.ask(.list, "sys/quotas/rate-limit", from: "192.0.2.9").data?["keys"] == ["all"])
        #expect(await server.ask(.delete, "sys/quotas/rate-limit/all", from: "192.0.2.9").isSuccess)
        #expect(await passed(server, "kv1/a") == 10)
    }

    static let refused: [JSONObject] = [
        [:], ["rate": 0], ["rate": -1], ["rate": "many"], ["rate": .number("1e12")], ["rate": 1, "path": "no/such/mount"],
        ["rate": 1, "path": "kv1/*/x"], ["rate": 1, "path": "kv1/../sys"], ["rate": 1, "path": "kv1", "role": "r"],
        ["rate": 1, "role": "r"], ["rate": 1, "path": "kv1", "inheritable": true], ["rate": 1, "type": "lease-count"],
        ["rate": 1, "interval": "1000d"], ["rate": "nan"], ["rate": "inf"],
    ]

    @Test(arguments: refused.indices)
    func refusesWhatMakesNoSense(index: Int) async throws {
        let server = try await server()
        #expect(await quota(server, "x", Self.refused[index]).code == .invalidRequest)
        #expect(await server.ask(.read, "sys/quotas/rate-limit/x").code == .notFound)
    }

    @Test func twoQuotasForTheSameRequestsAreRefused() async throws {
        let server = try await server()
        await quota(server, "one", ["rate": 5, "path": "kv1"])
        #expect(await quota(server, "two", ["rate": 6, "path": "kv1/"]).code == .invalidRequest)
        #expect(await quota(server, "one", ["rate": 6, "path": "kv1/"]).isSuccess)
    }

    @Test func theTableOfClientsIsBoundedAndForgetsTheOldest() {
        var buckets = ClientBuckets(RateLimitQuota(name: "q", rate: 1, interval: 3_600))
        let now = Timestamp(seconds: 1_000)
        #expect(buckets.take("first", at: now).isAllowed && !buckets.take("first", at: now).isAllowed)
        for number in 0..<(3 * ClientBuckets.clientsMax) {
            if number % 1_000 == 0 { #expect(!buckets.take("busy", at: now).isAllowed || number == 0) }
            _ = buckets.take("client-\(number)", at: now)
            #expect(buckets.clientCount <= ClientBuckets.clientsMax)
        }
        #expect(buckets.take("first", at: now).isAllowed)
    }

    @Test(arguments: [true, false])
    func refusalsAreOnRecordWhereThatIsTurnedOn(isOn: Bool) async throws {
        let directory = NSTemporaryDirectory() + "quota-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await CoreHarness.audited(in: directory)
        await server.ask(.update, "sys/quotas/config", ["enable_rate_limit_audit_logging": .bool(isOn)])
        await quota(server, "all", ["rate": 1, "interval": 60, "path": "secret"])
        for _ in 0..<2 { await server.ask(.read, "secret/data/x", token: "canary-token") }
        let text = String(decoding: FileManager.default.contents(atPath: directory + "/audit.log") ?? Data(), as: UTF8.self)
        #expect(text.contains("rate limit quota exceeded") == isOn)
        #expect(!text.contains("canary-token"))
    }
}
