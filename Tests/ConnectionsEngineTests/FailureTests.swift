import ConnectionsEngine
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("Refreshing that fails")
struct FailureTests {
    @Test("invalid_grant needs the person, and the provider is not asked again")
    func invalidGrant() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.answer(400, #"{"error":"invalid_grant","error_description":"canary"}"#))
        #expect(await driver.fetchReason() == "token_expired")
        #expect(await driver.fetchReason() == "token_expired")
        #expect(driver.provider.calls.count == 1)
        #expect(try await driver.status()["reason"] == "invalid_grant")
        #expect(driver.events.count(.disconnected) == 1)
        // Connecting again mends it.
        try await driver.connect()
        #expect(try await driver.token() == "first-canary")
    }

    static let outages: [Provider.Act] = [
        .answer(500, "{}"), .answer(503, "<html>"), .answer(429, "{}"), .answer(400, #"{"error":"server_error"}"#),
        .fail(.notSent(.unreachable)), .fail(.notSent(.unresolved)), .answer(302, ""),
        .answer(200, #"{"ok":false,"error":"fatal"}"#),
        .answer(401, #"{"error":"invalid_client"}"#), .fail(.refused(.forbiddenAddress)),
    ]

    @Test(
        "an outage is no invalid_grant: the next attempt waits, and then works with the same refresh token",
        arguments: outages.indices)
    func outage(index: Int) async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.provider.next(Self.outages[index])
        let refused = try #require(await driver.refusal(.read, ConnectionsDriver.path))
        #expect(refused.reason == "provider_failing")
        #expect((24...36).contains(refused.retryAfter ?? 0))
        #expect(await driver.fetchReason() == "provider_failing")
        #expect(driver.provider.calls.count == 1)
        #expect(try await driver.status()["status"] == "refresh_failing")
        driver.time.advance(seconds: 37)
        #expect(try await driver.token().hasPrefix("access-canary"))
        #expect(driver.provider.violations.isEmpty)
        #expect(try await driver.status()["status"] == "active")
    }

    static let lost: [Provider.Act] = [
        .spendAndFail(.unanswered(.timedOut)), .spendAndFail(.unanswered(.closed)), .spendAndFail(.unanswered(.tooLarge)),
        .spendAndAnswer(OutboundReply(status: 200, contentType: "text/html", body: Array("<html>".utf8))),
        .spendAndAnswer(OutboundReply(status: 200, body: Array(#"{"access_token":""}"#.utf8))),
        .spendAndAnswer(OutboundReply(status: 200, body: Array(#"{"a":1,"a":2}"#.utf8))),
        .spendAndAnswer(OutboundReply(status: 204)), .spendAndAnswer(OutboundReply(status: 200, body: Array("access_token".utf8))),
    ]

    @Test("a lost answer leaves the connection in doubt: the refresh token is not used again by itself", arguments: lost.indices)
    func lostAnswer(index: Int) async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.provider.next(Self.lost[index])
        for _ in 0..<3 {
            let refused = await driver.refusal(.read, ConnectionsDriver.path)
            #expect(refused?.reason == "provider_failing" && refused?.messages.first?.contains("in_doubt") == true)
            driver.time.advance(seconds: 7_200)
            await driver.round()
        }
        #expect(driver.provider.calls.count == 1)
        #expect(driver.provider.violations.isEmpty)
        let status = try await driver.status()
        #expect(status["refresh_in_doubt"] == true && status["status"] == "refresh_failing" && status["reason"] == "in_doubt")
        #expect(driver.events.count(.inDoubt) == 1 && driver.events.count(.disconnected) == 0)
        // Nothing that is not the provider's word ends a grant before its time of grace.
        driver.time.advance(seconds: 4 * 86_400)
        await driver.round()
        #expect(await driver.fetchReason() == "token_expired")
        #expect(try await driver.status()["reason"] == "gave_up")
        #expect(driver.events.count(.disconnected) == 1 && driver.provider.calls.count == 1)
    }

    @Test("a provider that does not rotate is simply asked again, as often as its answers are lost", arguments: lost.indices)
    func lostWithoutRotation(index: Int) async throws {
        let driver = ConnectionsDriver()
        let path = "tokens/user:u1/prod/calm"
        try await driver.connect(path)
        driver.time.advance(seconds: 4_000)
        for attempt in 1...5 {
            if case .spendAndAnswer(let reply) = Self.lost[index] {
                driver.provider.next(.answer(reply.status, String(decoding: reply.body, as: UTF8.self)))
            } else {
                driver.provider.next(.fail(.unanswered(.closed)))
            }
            #expect(await driver.fetchReason(path) == "provider_failing")
            let status = try await driver.status("calm")
            #expect(status["status"] == "refresh_failing" && status["refresh_in_doubt"] == nil && status["reason"] != "in_doubt")
            #expect(driver.provider.calls.count == attempt)
            driver.time.advance(seconds: 700)
        }
        #expect(try await driver.token(path).hasPrefix("access-canary"))
    }

    @Test("one that rotates and tolerates it is asked once more with the same token, and not twice", arguments: [true, false])
    func lostAndTolerated(isSecondLost: Bool) async throws {
        let driver = ConnectionsDriver()
        let path = "tokens/user:u1/prod/lenient"
        try await driver.connect(path)
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.fail(.unanswered(.closed)))
        let refused = try #require(await driver.refusal(.read, path))
        #expect(refused.reason == "provider_failing" && (1...5).contains(refused.retryAfter ?? 0))
        var status = try await driver.status("lenient")
        #expect(status["status"] == "refresh_failing" && status["reason"] == "answer_lost" && status["refresh_in_doubt"] == true)
        driver.time.advance(seconds: 5)
        if isSecondLost { driver.provider.next(.fail(.unanswered(.timedOut))) }
        await driver.round()
        #expect(driver.provider.calls.count == 2)
        let sent = driver.provider.calls.map { Provider.form($0.body)["refresh_token"] }
        #expect(sent[0] == sent[1])
        status = try await driver.status("lenient")
        if isSecondLost {
            for _ in 0..<3 {
                driver.time.advance(seconds: 7_200)
                await driver.round()
                #expect(await driver.fetchReason(path) == "provider_failing")
            }
            status = try await driver.status("lenient")
            #expect(status["status"] == "refresh_failing" && status["reason"] == "in_doubt")
            #expect(driver.provider.calls.count == 2)
        } else {
            #expect(status["status"] == "active" && status["refresh_in_doubt"] == nil)
        }
    }

    @Test("in doubt, the provider's refusal is definite")
    func refusedInDoubt() async throws {
        let driver = ConnectionsDriver()
        let path = "tokens/user:u1/prod/lenient"
        try await driver.connect(path)
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.fail(.unanswered(.closed)), .answer(400, #"{"error":"invalid_grant"}"#))
        #expect(await driver.fetchReason(path) == "provider_failing")
        driver.time.advance(seconds: 5)
        #expect(await driver.fetchReason(path) == "token_expired")
        let status = try await driver.status("lenient")
        #expect(status["status"] == "token_expired" && status["reason"] == "invalid_grant" && status["refresh_in_doubt"] == nil)
    }

    @Test("a process that stood still after it took the lease does not send the refresh token: somebody else may have")
    func leaseLostBeforeSending() async throws {
        let first = ConnectionsDriver()
        let path = "tokens/user:u1/prod/calm"
        try await first.connect(path)
        first.time.advance(seconds: 4_000)
        let second = first.another()
        first.acts.onNext = {
            first.time.advance(seconds: 31)
            #expect(await second.fetchReason(path) == nil)
        }
        // What the other one got is answered, and the token was sent once.
        #expect(try await first.token(path).hasPrefix("access-canary"))
        #expect(first.provider.calls.count == 1)
        let isOnRecord = first.acts.all.contains { if case .ended(error: "lease_lost") = $0.step { true } else { false } }
        #expect(isOnRecord)
        #expect(try await first.keys("flight/").isEmpty)
    }

    @Test("a lease that is nearly over is taken anew before anything is sent")
    func leaseNearlyOver() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.acts.onNext = { driver.time.advance(seconds: 19) }
        #expect(try await driver.token().hasPrefix("access-canary"))
        #expect(driver.provider.calls.count == 1 && driver.provider.violations.isEmpty)
        #expect(driver.acts.all.count == 4)
    }

    @Test("where a provider allows it, a lost answer is asked for again")
    func lostButRepeatable() async throws {
        let driver = ConnectionsDriver()
        let path = "tokens/user:u1/prod/calm"
        try await driver.connect(path)
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.fail(.unanswered(.timedOut)))
        #expect(await driver.fetchReason(path) == "provider_failing")
        driver.time.advance(seconds: 40)
        #expect(try await driver.token(path).hasPrefix("access-canary"))
    }

    @Test("by hand a connection in doubt is tried again, but only when that is said")
    func retryByHand() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.provider.next(.fail(.unanswered(.timedOut)))
        #expect(await driver.fetchReason() == "provider_failing")
        #expect(await driver.refusal(.update, ConnectionsDriver.path + "/refresh")?.reason == "provider_failing")
        #expect(driver.provider.calls.count == 1)
        try await driver.send(.update, ConnectionsDriver.path + "/refresh", ["retry_in_doubt": true])
        #expect(try await driver.token().hasPrefix("access-canary"))
        #expect(try await driver.status()["refresh_in_doubt"] == nil)
    }

    @Test("a process that dies while the provider is asked leaves the connection in doubt, not lost and not asked twice")
    func interrupted() async throws {
        let first = ConnectionsDriver()
        try await first.connect(seconds: 1_200)
        first.time.advance(seconds: 1_000)
        first.provider.hold()
        // The old token is still good, so this sets off a refresh that never comes to its end.
        #expect(try await first.token() == "first-canary")
        await first.provider.called(times: 1)
        let second = first.another()
        first.time.advance(seconds: 31)
        #expect(try await second.token() == "first-canary")
        await second.engine.finish()
        #expect(try await second.status()["refresh_in_doubt"] == true)
        #expect(second.provider.calls.count == 1)
        // The first was only slow: what it got still resolves the doubt.
        first.provider.letGo()
        await first.engine.finish()
        #expect(try await second.token().hasPrefix("access-canary"))
        #expect(try await second.status()["refresh_in_doubt"] == nil)
        #expect(first.provider.violations.isEmpty)
    }

    @Test("waits double up to an hour, and after four days the person is asked")
    func givesUp() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        var waits: [Int] = []
        for _ in 0..<200 {
            driver.provider.next(.answer(400, #"{"error":"invalid_client"}"#))
            let refused = try #require(await driver.refusal(.read, ConnectionsDriver.path))
            guard refused.reason == "provider_failing", let wait = refused.retryAfter else { break }
            waits.append(wait)
            driver.time.advance(seconds: wait)
        }
        #expect(await driver.fetchReason() == "token_expired")
        #expect(try await driver.status()["reason"] == "gave_up")
        #expect((90...130).contains(waits.count), "\(waits.count)")
        #expect(waits.max() ?? 0 <= 4_320 && Set(waits.suffix(50)).count > 10)
        for (index, expected) in [30, 60, 120, 240].enumerated() {
            #expect(abs(waits[index] - expected) <= expected / 5 + 1)
        }
    }

    @Test("a grant that the provider calls revoked is revoked: its token is not answered any more")
    func revoked() async throws {
        let driver = ConnectionsDriver()
        let path = "tokens/user:u1/prod/chat"
        try await driver.connect(path, seconds: 1_000)
        driver.time.advance(seconds: 800)
        driver.provider.next(.answer(200, #"{"ok":false,"error":"token_revoked"}"#))
        #expect(try await driver.token(path) == "first-canary")
        await driver.engine.waitUntilIdle()
        #expect(await driver.fetchReason(path) == "revoked")
        #expect(try await driver.status("chat")["status"] == "revoked")
        #expect(driver.events.count(.revoked) == 1 && driver.events.count(.disconnected) == 0)
        #expect(await driver.refusal(.update, path + "/refresh")?.reason == "revoked")
        driver.time.advance(seconds: 10_000)
        await driver.round()
        #expect(driver.provider.calls.count == 1)
        let insights = try await driver.send(.read, "insights")
        #expect(insights["disconnections"] == [["platform": "chat", "count": 1, "reasons": ["token_revoked": 1]]])
        try await driver.connect(path)
        #expect(try await driver.token(path) == "first-canary")
    }

    @Test("a refresh that fails at any commit spends its token once, and is done or in doubt", arguments: 1...4, [true, false])
    func failingStore(commit: Int, isAcknowledgementLost: Bool) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let first = ConnectionsDriver(storage: storage)
        try await first.connect()
        first.time.advance(seconds: 4_000)
        if isAcknowledgementLost { storage.failCommit(commit, .after) } else { storage.failCommits(from: commit) }
        let reason = await first.fetchReason()
        storage.heal()
        let second = first.another()
        first.time.advance(seconds: 31)
        for _ in 0..<11 { await second.round() }
        let status = try await second.status()
        if reason == nil || commit == 1 && !isAcknowledgementLost {
            // It was stored after all, or nothing had been spent and the next process refreshed it.
            #expect(status["status"] == "active" && status["refresh_in_doubt"] == nil)
        } else {
            #expect(status["refresh_in_doubt"] == true && status["status"] == "refresh_failing")
        }
        #expect(first.provider.violations.isEmpty && first.provider.calls.count <= 1)
    }

    @Test("behind an open circuit one call is on trial: its failure opens it again, its success closes it")
    func trial() async throws {
        let driver = ConnectionsDriver()
        for number in 1...9 { try await driver.connect("tokens/user:u\(number)/prod/acme") }
        driver.time.advance(seconds: 4_000)
        let fetch: @Sendable (Int) async -> String? = { await driver.fetchReason("tokens/user:u\($0)/prod/acme") }
        for number in 1...5 {
            driver.provider.next(.answer(503, ""))
            #expect(await fetch(number) == "provider_failing")
        }
        // Time alone is not enough, and another platform is not concerned.
        driver.time.advance(seconds: 59)
        #expect(await fetch(6) == "provider_failing")
        #expect(driver.provider.calls.count == 5)
        driver.time.advance(seconds: 2)
        driver.provider.hold()
        driver.provider.next(.answer(503, ""))
        async let onTrial = fetch(6)
        await driver.provider.called(times: 6)
        #expect(await fetch(7) == "provider_failing")
        #expect(driver.provider.calls.count == 6)
        driver.provider.letGo()
        #expect(await onTrial == "provider_failing")
        driver.time.advance(seconds: 59)
        #expect(await fetch(7) == "provider_failing")
        #expect(driver.provider.calls.count == 6)
        // By hand it is asked all the same.
        #expect(await driver.refusal(.update, "tokens/user:u9/prod/acme/refresh") == nil)
        #expect(await fetch(7) == nil)
        #expect(await fetch(8) == nil)
        #expect(driver.provider.violations.isEmpty)
    }

    @Test("a provider that fails again and again is left alone for a while")
    func circuit() async throws {
        let driver = ConnectionsDriver()
        for number in 1...7 { try await driver.connect("tokens/user:u\(number)/prod/acme") }
        driver.time.advance(seconds: 4_000)
        for number in 1...5 {
            driver.provider.next(.answer(503, ""))
            #expect(await driver.fetchReason("tokens/user:u\(number)/prod/acme") == "provider_failing")
        }
        let refused = try #require(await driver.refusal(.read, "tokens/user:u6/prod/acme"))
        #expect(refused.messages.first?.contains("circuit_open") == true)
        #expect(driver.provider.calls.count == 5)
        driver.time.advance(seconds: 61)
        #expect(try await driver.token("tokens/user:u6/prod/acme").hasPrefix("access-canary"))
        #expect(try await driver.token("tokens/user:u7/prod/acme").hasPrefix("access-canary"))
    }
}
