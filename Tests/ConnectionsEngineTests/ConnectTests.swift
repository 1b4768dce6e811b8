import ConnectionsEngine
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Connecting in a browser")
struct ConnectTests {
    private func driver() async throws -> ConnectionsDriver {
        let driver = ConnectionsDriver()
        try await driver.send(.update, "platforms/acme", ["client_id": "id", "client_secret": "s"])
        return driver
    }

    private func begin(_ driver: ConnectionsDriver, actor: String = "engine-action") async throws -> JSON {
        let answer = try await driver.send(.update, "authorize/acme", ["owner": "user:u7"], actor: actor)
        #expect(answer["redirect_uri"] == "https://coffer.test/oauth/callback")
        let url = answer["authorization_url"]?.stringValue ?? ""
        return .string(Provider.form(Array(url.split(separator: "?")[1].utf8))["state"] ?? "")
    }

    @Test("only the browser that set out can come back, and a stranger cannot use up its link")
    func otherBrowser() async throws {
        let driver = try await driver()
        let state = try await begin(driver)
        // Before anybody set out, nobody can come back.
        #expect(await driver.refusal(.update, "callback", ["state": state, "code": "c"])?.reason == "other_browser")
        #expect(await driver.refusal(.update, "callback", ["state": state, "code": "c", "browser": ""])?.reason == "other_browser")
        let browser = try #require(try await driver.send(.update, "start", ["state": state])["browser"])
        let other = try #require(try await driver.send(.update, "start", ["state": try await begin(driver)])["browser"])
        #expect(browser != other)
        for wrong: JSON in [other, "", "x"] {
            #expect(
                await driver.refusal(.update, "callback", ["state": state, "code": "c", "browser": wrong])?.reason
                    == "other_browser")
        }
        #expect(driver.provider.calls.isEmpty)
        try await driver.send(.update, "callback", ["state": state, "code": "c", "browser": browser])
        #expect(try await driver.token("tokens/user:u7/prod/acme").hasPrefix("access-canary"))
    }

    @Test("a link belongs to the browser that opens it first, which may open it again and have two under way")
    func firstBrowser() async throws {
        let driver = try await driver()
        let first = try await begin(driver)
        let browser = try #require(try await driver.send(.update, "start", ["state": first])["browser"])
        #expect(await driver.refusal(.update, "start", ["state": first])?.reason == "other_browser")
        #expect(try await driver.send(.update, "start", ["state": first, "browser": browser])["browser"] == browser)
        let second = try await begin(driver)
        #expect(try await driver.send(.update, "start", ["state": second, "browser": browser])["browser"] == browser)
        // What is no secret of ours is not made one.
        let third = try await begin(driver)
        #expect(try await driver.send(.update, "start", ["state": third, "browser": "short"])["browser"] != "short")
        for state in [first, second] {
            try await driver.send(.update, "callback", ["state": state, "code": "c", "browser": browser])
        }
    }

    @Test("an https flow ignores the plain cookie, which anybody beside this host may have planted")
    func plainCookie() async throws {
        let driver = try await driver()
        // A secret that another browser was given for a link of its own.
        let planted = try #require(try await driver.send(.update, "start", ["state": try await begin(driver)])["browser"])
        let state = try await begin(driver)
        let browser = try #require(try await driver.send(.update, "start", ["state": state, "browser_plain": planted])["browser"])
        #expect(browser != planted)
        for plain in [planted, browser] {
            let back: JSONObject = ["state": state, "code": "c", "browser_plain": plain]
            #expect(await driver.refusal(.update, "callback", back)?.reason == "other_browser")
        }
        #expect(driver.provider.calls.isEmpty)
        // Nor does it get in the way of the one that counts.
        let back: JSONObject = ["state": state, "code": "c", "browser": browser, "browser_plain": planted]
        try await driver.send(.update, "callback", back)
    }

    /// A flow without https.
    private func laboratory() async throws -> (ConnectionsDriver, () async throws -> JSON) {
        let driver = ConnectionsDriver(callbackURL: "http://coffer.test/oauth/callback")
        try await driver.send(.update, "platforms/acme", ["client_id": "id", "client_secret": "s"])
        return (
            driver,
            {
                let answer = try await driver.send(.update, "authorize/acme", ["owner": "user:u7"], actor: "engine-action")
                let url = answer["authorization_url"]?.stringValue ?? ""
                return .string(Provider.form(Array(url.split(separator: "?")[1].utf8))["state"] ?? "")
            }
        )
    }

    @Test("without https there is the plain cookie alone")
    func plainAlone() async throws {
        let (driver, begin) = try await laboratory()
        let state = try await begin()
        let gone = try await driver.send(.update, "start", ["state": state])
        let browser = try #require(gone["browser"])
        #expect(gone["is_secure"] == false)
        #expect(await driver.refusal(.update, "callback", ["state": state, "code": "c"])?.reason == "other_browser")
        #expect(
            await driver.refusal(.update, "callback", ["state": state, "code": "c", "browser": browser])?.reason == "other_browser")
        try await driver.send(.update, "callback", ["state": state, "code": "c", "browser_plain": browser])
    }

    @Test("without https a cookie that was planted is not taken over, nor good at another address")
    func planted() async throws {
        let (driver, begin) = try await laboratory()
        let attackers = try await begin()
        let planted = try #require(try await driver.send(.update, "start", ["state": attackers], from: "192.0.2.66")["browser"])
        // In the victim's browser it is worth nothing for a link of the victim's own.
        let state = try await begin()
        let gone = try await driver.send(.update, "start", ["state": state, "browser_plain": planted])
        let browser = try #require(gone["browser"])
        #expect(browser != planted)
        let stolen: JSONObject = ["state": state, "code": "c", "browser_plain": planted]
        #expect(await driver.refusal(.update, "callback", stolen)?.reason == "other_browser")
        // Nor does it bring the victim's grant to the attacker's link.
        let lured: JSONObject = ["state": attackers, "code": "c", "browser_plain": planted]
        #expect(await driver.refusal(.update, "callback", lured)?.reason == "other_browser")
        #expect(driver.provider.calls.isEmpty)
        // The link's own cookie opens it again, and completes it.
        #expect(try await driver.send(.update, "start", ["state": state, "browser_plain": browser])["browser"] == browser)
        try await driver.send(.update, "callback", ["state": state, "code": "c", "browser_plain": browser])
    }

    @Test(
        "texts that are no state are refused",
        arguments: ["", ".", "..", "1.a.b", "-1.0123456789abcdef.x", "9999999999999.0123456789abcdef.x"])
    func malformedState(state: String) async throws {
        let driver = try await driver()
        for path in ["start", "callback"] {
            #expect(await driver.refusal(.update, path, ["state": .string(state), "code": "c"])?.reason == "bad_state")
        }
    }

    @Test("an engine whose people wait does not keep those of another engine waiting, and what was abandoned is swept up")
    func capPerEngine() async throws {
        let driver = try await driver()
        _ = try await begin(driver)
        let name = try #require(try await driver.keys("pending/").first)
        // As many as one engine may have, all made by the first one.
        for start in stride(from: 0, to: 10_000, by: 1_000) {
            var batch = Batch()
            for number in start..<start + 1_000 where number > 0 {
                batch.put("pending/" + String(name.dropLast(8)) + String(10_000_000 + number), [1])
            }
            try await driver.storage.commit(batch)
        }
        let refusal = await driver.refusal(.update, "authorize/acme", ["owner": "user:u7"])
        #expect(refusal?.code == .rateLimited && refusal?.retryAfter == 601)
        _ = try await begin(driver, actor: "engine-other")
        driver.time.advance(seconds: 601)
        _ = try await begin(driver)
        driver.time.advance(seconds: 601)
        await driver.round()
        #expect(try await driver.keys("pending/").isEmpty)
    }
}
