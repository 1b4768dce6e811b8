import ConnectionsEngine
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("What happens without being asked")
struct JobTests {
    @Test("what falls due is refreshed, a few at a time for each provider, and nothing else")
    func due() async throws {
        let driver = ConnectionsDriver()
        for number in 0..<60 { try await driver.connect("tokens/user:u\(number)/prod/acme", seconds: number < 40 ? 3_600 : 50_000) }
        try await driver.connect("tokens/user:u1/prod/other")
        await driver.round()
        #expect(driver.provider.calls.isEmpty)
        driver.time.advance(seconds: 2_800)
        await driver.round()
        #expect(driver.provider.calls.count == 41)
        #expect(driver.provider.underWayMax <= 8 * 2)
        #expect(driver.provider.violations.isEmpty)
        await driver.round()
        #expect(driver.provider.calls.count == 41)
        #expect(try await driver.keys("due/").count == 61)
    }

    @Test("a provider that answers slowly holds up no other one, however much of it is due")
    func slowness() async throws {
        let driver = ConnectionsDriver()
        for number in 0..<600 { try await driver.connect("tokens/user:u\(number)/prod/acme", seconds: 100) }
        try await driver.connect("tokens/user:z/prod/other", seconds: 200)
        driver.time.advance(seconds: 1_000)
        driver.provider.hold("acme.test")
        await driver.engine.runRound()
        while !driver.provider.calls.contains(where: { $0.url.contains("other.test") }) { await Task.yield() }
        // Never more at once than a provider's share; the next rounds add nothing to it.
        await driver.engine.runRound()
        #expect(driver.provider.calls.count { $0.url.contains("acme.test") } <= 8)
        driver.provider.letGo()
        await driver.engine.waitUntilIdle()
        #expect(driver.provider.calls.count == 601)
        #expect(driver.provider.violations.isEmpty)
    }

    @Test("what is under way ends before sealing, and nothing more is begun")
    func ending() async throws {
        let driver = ConnectionsDriver()
        for number in 0..<100 { try await driver.connect("tokens/user:u\(number)/prod/acme", seconds: 100) }
        driver.time.advance(seconds: 1_000)
        driver.provider.hold()
        await driver.engine.runRound()
        await driver.provider.called(times: 8)
        async let finished: Void = driver.engine.finish()
        for _ in 0..<200 { await Task.yield() }
        driver.provider.letGo()
        await finished
        #expect(driver.provider.calls.count < 100)
        #expect(try await driver.keys("flight/").isEmpty)
    }

    @Test("a provider that fails holds up no other one")
    func fairness() async throws {
        let driver = ConnectionsDriver()
        for number in 0..<30 { try await driver.connect("tokens/user:u\(number)/prod/acme", seconds: 100) }
        try await driver.connect("tokens/user:z/prod/other", seconds: 200)
        driver.time.advance(seconds: 1_000)
        for _ in 0..<40 { driver.provider.next(.answer(503, "")) }
        await driver.round()
        await driver.round()
        #expect(driver.provider.calls.contains { $0.url.contains("other.test") })
        // Five failures open the circuit; what was under way by then may still fail.
        #expect(driver.provider.calls.count { $0.url.contains("acme.test") } <= 16)
    }

    @Test("an idle connection is kept alive where the profile asks for it")
    func keepAlive() async throws {
        let driver = ConnectionsDriver(provider: Provider(lifetime: 10_000_000))
        // Two that are good for months: one of a profile that asks for it every day, and one of a profile that does not.
        try await driver.connect("tokens/user:u1/prod/calm", seconds: 10_000_000)
        try await driver.connect("tokens/user:u1/prod/acme", seconds: 10_000_000)
        for day in 1...3 {
            driver.time.advance(seconds: 86_398)
            await driver.round()
            #expect(driver.provider.calls.count == day - 1)
            driver.time.advance(seconds: 2)
            await driver.round()
            await driver.round()
            #expect(driver.provider.calls.count == day)
        }
        #expect(driver.provider.calls.allSatisfy { $0.url.contains("calm.test") })
        // Without a refresh token there is nothing to keep alive.
        try await driver.send(.update, "tokens/user:u2/prod/calm", ["access_token": "t", "expires_in": 10_000_000])
        driver.time.advance(seconds: 80_000)
        await driver.round()
        #expect(driver.provider.calls.count == 3)
    }

    @Test("a keep-alive that fails is tried again, and the token is answered meanwhile")
    func keepAliveFails() async throws {
        let driver = ConnectionsDriver(provider: Provider(lifetime: 10_000_000))
        let path = "tokens/user:u1/prod/calm"
        try await driver.connect(path, seconds: 10_000_000)
        driver.time.advance(seconds: 86_401)
        driver.provider.next(.answer(503, ""))
        await driver.round()
        #expect(try await driver.status("calm")["status"] == "refresh_failing")
        #expect(try await driver.token(path) == "first-canary")
        driver.time.advance(seconds: 37)
        await driver.round()
        #expect(driver.provider.calls.count == 2)
        #expect(try await driver.status("calm")["status"] == "active")
    }

    @Test("a refresh that a process began and never ended comes to light although nobody asks for the token")
    func leftBehind() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        try await driver.connect("tokens/user:u1/prod/calm")
        // What a process that dies in the middle leaves: both were begun, by somebody else.
        driver.provider.hold()
        for name in ["acme", "calm"] {
            let path = "tokens/user:u1/prod/\(name)/refresh"
            Task { try await driver.send(.update, path) }
        }
        await driver.provider.called(times: 2)
        let next = driver.another()
        await next.round()
        #expect(try await next.status()["refresh_in_doubt"] == nil)
        driver.time.advance(seconds: 31)
        for _ in 0..<10 { await next.round() }
        #expect(try await next.status()["refresh_in_doubt"] == true)
        #expect(try await next.status()["status"] == "refresh_failing")
        #expect(try await next.token() == "first-canary")
        // Where the refresh token stays good there is no doubt, and the connection is refreshed when it must be.
        #expect(try await next.status("calm")["refresh_in_doubt"] == nil)
        #expect(try await next.keys("flight/").isEmpty)
        #expect(next.events.count(.inDoubt) == 1)
        #expect(next.acts.all.map(\.path) == Array(repeating: "tokens/user:u1/prod/acme/refresh", count: 2))
        driver.provider.letGo()
        await driver.engine.finish()
        #expect(driver.provider.violations.isEmpty)
    }

    @Test("a token that cannot be refreshed is declared expired when it is, and counted")
    func expiry() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect(refresh: false)
        driver.time.advance(seconds: 3_700)
        await driver.round()
        // On record, although nobody asked.
        #expect(driver.acts.all.count == 2 && driver.acts.all.allSatisfy { $0.actor == "background-refresh" })
        #expect(driver.events.count(.disconnected) == 1)
        #expect(try await driver.keys("broken/") == ["user:u1/prod/acme"])
        #expect(try await driver.keys("due/").isEmpty)
        let insights = try await driver.send(.read, "insights")
        #expect(
            insights["disconnections"]
                == [["platform": "acme", "count": 1, "reasons": ["no_refresh_token": 1]]])
    }

    @Test("the connect flow binds state, owner and verifier, and a state is good once and for ten minutes")
    func connectFlow() async throws {
        let driver = ConnectionsDriver()
        try await driver.send(.update, "platforms/acme", ["client_id": "id", "client_secret": "s"])
        func begin() async throws -> (query: [String: String], browser: JSON) {
            let url = try await driver.send(.update, "authorize/acme", ["owner": "user:u7"])["authorization_url"]?.stringValue ?? ""
            #expect(url.utf8.starts(with: "https://coffer.test/oauth/start?state=".utf8))
            let state = Provider.form(Array(url.split(separator: "?")[1].utf8))["state"] ?? ""
            let out = try await driver.send(.update, "start", ["state": .string(state)])
            let location = try #require(out["location"]?.stringValue)
            #expect(location.utf8.starts(with: "https://auth.acme.test/authorize?".utf8) && out["is_secure"] == true)
            return (Provider.form(Array(location.split(separator: "?")[1].utf8)), try #require(out["browser"]))
        }
        let (query, browser) = try await begin()
        #expect(query["code_challenge_method"] == "S256" && query["client_id"] == "id")
        let state = try #require(query["state"])
        _ = try await driver.send(.update, "callback", ["state": .string(state), "code": "c", "browser": browser])
        #expect(try await driver.token("tokens/user:u7/prod/acme").hasPrefix("access-canary"))
        let form = Provider.form(driver.provider.calls[0].body)
        #expect(
            form["code"] == "c" && form["redirect_uri"] == "https://coffer.test/oauth/callback"
                && form["code_verifier"]?.isEmpty == false)
        func refusal(_ state: String, _ browser: JSON) async -> String? {
            await driver.refusal(.update, "callback", ["state": .string(state), "code": "c", "browser": browser])?.reason
        }
        #expect(await refusal(state, browser) == "bad_state")
        let (late, lateBrowser) = try await begin()
        let lateState = try #require(late["state"])
        driver.time.advance(seconds: 601)
        #expect(await refusal(lateState, lateBrowser) == "bad_state")
        #expect(await refusal("9" + lateState, lateBrowser) == "bad_state")
        let refused = await driver.refusal(.update, "authorize/acme", ["owner": "user:u7"]) { _, _ in false }
        #expect(refused?.code == .permissionDenied)
    }
}
