import ConnectionsEngine
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("Refreshing")
struct RefreshTests {
    @Test("a token that is good for long is answered without asking the provider")
    func valid() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        #expect(try await driver.token() == "first-canary")
        #expect(driver.provider.calls.isEmpty)
    }

    @Test("inside the margin the old token is answered and a new one is fetched in the background")
    func margin() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect(seconds: 3_600)
        driver.time.advance(seconds: 3_600 - 800)
        #expect(try await driver.token() == "first-canary")
        await driver.engine.finish()
        #expect(driver.provider.calls.count == 1)
        #expect(try await driver.token().hasPrefix("access-canary"))
    }

    @Test("an expired token is refreshed while the caller waits, and its refresh token replaced")
    func expired() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        for _ in 1...3 {
            driver.time.advance(seconds: 4_000)
            #expect(try await driver.token().hasPrefix("access-canary"))
        }
        #expect(driver.provider.calls.count == 3)
        #expect(driver.provider.violations.isEmpty)
        let request = driver.provider.calls[0]
        let form = Provider.form(request.body)
        #expect(
            form["grant_type"] == "refresh_token" && form["client_id"] == "id" && form["client_secret"] == "client-secret-canary")
        #expect(request.allowedHosts == ["auth.acme.test"])
        #expect(!request.headers.contains { $0.name.lowercased().hasPrefix("x-") || $0.name.lowercased() == "authorization" })
    }

    @Test("a refresh token that the provider's answer leaves out is kept")
    func omitted() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.provider.next(.keepRefreshToken)
        for _ in 1...2 {
            driver.time.advance(seconds: 4_000)
            #expect(try await driver.token().hasPrefix("access-canary"))
        }
        #expect(
            Provider.form(driver.provider.calls[0].body)["refresh_token"]
                == Provider.form(driver.provider.calls[1].body)["refresh_token"])
    }

    @Test("without expires_in the profile's life time counts, and without that the token never ends")
    func noExpiry() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect(seconds: 60)
        driver.provider.next(.withoutExpiry)
        driver.time.advance(seconds: 100)
        #expect(try await driver.token().hasPrefix("access-canary"))
        driver.time.advance(seconds: 100_000_000)
        #expect(try await driver.token().hasPrefix("access-canary"))
        #expect(driver.provider.calls.count == 1)
    }

    @Test("64 callers at once on an expired connection, on two processes over one store, cause one refresh")
    func singleFlight() async throws {
        let first = ConnectionsDriver(storage: YieldingStorage(StampingStorage(MemoryStorage())))
        try await first.connect()
        first.time.advance(seconds: 4_000)
        let second = first.another()
        first.provider.hold()
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<64 { group.addTask { try await (number % 2 == 0 ? first : second).token() } }
            await first.provider.called(times: 1)
            for _ in 0..<200 { await Task.yield() }
            first.provider.letGo()
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(tokens.count == 1 && tokens.first?.hasPrefix("access-canary") == true)
        #expect(first.provider.calls.count == 1)
        #expect(first.provider.violations.isEmpty)
        #expect(try await first.keys("flight/").isEmpty)
    }

    @Test("min_ttl asks for a token that lives longer, and scopes that are missing are named")
    func wishes() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect(seconds: 1_000)
        #expect(try await driver.token(query: ["min_ttl": "500"]) == "first-canary")
        #expect(try await driver.token(query: ["min_ttl": "2000"]).hasPrefix("access-canary"))
        let refused = try #require(await driver.refusal(.read, ConnectionsDriver.path, query: ["scopes": "read,files.write"]))
        #expect(refused.reason == "insufficient_scope")
        #expect(refused.messages.first?.contains("files.write") == true && refused.messages.first?.contains("read ") == false)
    }

    @Test("without a refresh token an expired connection needs its person")
    func noRefreshToken() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect(refresh: false)
        driver.time.advance(seconds: 4_000)
        #expect(await driver.fetchReason() == "token_expired")
        #expect(try await driver.status()["status"] == "token_expired")
        #expect(driver.provider.calls.isEmpty)
    }

    @Test("a connection that is deleted while it is refreshed stays deleted")
    func deletedMeanwhile() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.provider.hold()
        async let fetched = driver.fetchReason()
        await driver.provider.called(times: 1)
        async let deleted = driver.send(.delete, ConnectionsDriver.path)
        await driver.provider.called(times: 2)
        driver.provider.letGo()
        _ = try await deleted
        // It was refreshed in time, or its answer was thrown away; there is none afterwards in either case.
        _ = await fetched
        #expect(await driver.fetchReason() == "not_connected")
        #expect(try await driver.keys().filter { !$0.hasPrefix("owner/") && !$0.hasPrefix("platform/") } == [])
    }

    @Test("a new grant that is stored while the old one is refreshed wins")
    func replacedMeanwhile() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        driver.provider.hold()
        async let fetched = driver.token()
        await driver.provider.called(times: 1)
        try await driver.send(.update, ConnectionsDriver.path, ["access_token": "newer-canary", "expires_in": 3_600])
        driver.provider.letGo()
        #expect(try await fetched == "newer-canary")
        #expect(try await driver.token() == "newer-canary")
    }

    @Test("scopes may be one text, parted by spaces or commas", arguments: ["read files", "read,files", "files"])
    func scopeTexts(text: String) async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        let refused = await driver.refusal(.read, ConnectionsDriver.path, query: ["scopes": text])
        #expect(refused?.messages.first?.contains("lacks the scopes files;") == true)
        #expect(try await driver.token(query: ["scopes": "read read"]) == "first-canary")
    }

    @Test("each refresh is on record before the provider is asked, and how it ended after it")
    func recorded() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        driver.time.advance(seconds: 4_000)
        _ = try await driver.token()
        let acts = driver.acts.all
        // Under the id of the request that set it off.
        #expect(acts.count == 2 && acts.allSatisfy { $0.id == "request-1" } && acts[0].path == "tokens/user:u1/prod/acme/refresh")
        if case .begun = acts[0].step {} else { Issue.record("the first act is no beginning") }
    }
}
