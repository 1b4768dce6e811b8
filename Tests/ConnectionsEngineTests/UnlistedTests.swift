import ConnectionsEngine
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Platforms without a profile, and owners of any name")
struct UnlistedTests {
    @Test("tokens of a platform that nobody described are kept and served as they are")
    func unlisted() async throws {
        let driver = ConnectionsDriver()
        let path = "tokens/user:u1/prod/myapi"
        let stored = try await driver.send(
            .update, path, ["access_token": "t", "refresh_token": "r", "expires_in": 60, "type": "oauth"])
        #expect(stored["type"] == "manual" && stored["status"] == "active")
        #expect(try await driver.token(path) == "t")
        #expect(try await driver.status("myapi")["status"] == "active")
        // Callers' names do not fill the index of what falls due, nor the counters.
        #expect(try await driver.keys("due/").isEmpty)
        driver.time.advance(seconds: 60)
        #expect(try await driver.status("myapi")["status"] == "token_expired")
        #expect(await driver.fetchReason(path) == "token_expired")
        await driver.round()
        for _ in 0..<5 { await driver.round() }
        let counters = try await driver.storage.get("counter/" + (try await driver.keys("counter/").first ?? ""))
        let text = String(decoding: counters?.value ?? [], as: UTF8.self)
        #expect(text.contains("stored|unlisted|") && !text.contains("myapi"))
        #expect(driver.provider.calls.isEmpty)
        #expect(try await driver.send(.delete, path)["revocation"] == "unsupported")
    }

    @Test("one that was never stored is not connected, and cannot be connected by OAuth")
    func unknown() async throws {
        let driver = ConnectionsDriver()
        #expect(await driver.fetchReason("tokens/user:u1/prod/myapi") == "not_connected")
        #expect(await driver.refusal(.update, "authorize/myapi", ["owner": "user:u1"])?.reason == "unknown_platform")
        #expect(
            await driver.refusal(.update, "platforms/myapi", ["client_id": "x", "client_secret": "y"])?.reason == "unknown_platform"
        )
    }

    @Test(
        "expires_in of a caller may have a fraction or be a text; what is over is not called active",
        arguments: [(.number("3599.5"), 3_599), ("60", 60), (" 60.9 ", 60), (.int(0), 0), (.int(-5), 0), (.number("-0.5"), 0)]
            as [(JSON, Int)])
    func storedLife(sent: JSON, seconds: Int) async throws {
        let driver = ConnectionsDriver()
        let stored = try await driver.send(
            .update, ConnectionsDriver.path, ["access_token": "t", "refresh_token": "r", "expires_in": sent])
        #expect(stored["status"] == (seconds == 0 ? "token_expired" : "active"))
        if seconds > 0 { #expect(try await driver.send(.read, ConnectionsDriver.path)["expires_in"] == .int(seconds)) }
    }

    @Test("what is no life time is refused", arguments: ["", "soon", true, [1], .number("1e99"), "0x10"] as [JSON])
    func badLife(sent: JSON) async throws {
        let driver = ConnectionsDriver()
        #expect(
            await driver.refusal(.update, ConnectionsDriver.path, ["access_token": "t", "expires_in": sent])?.code
                == .invalidRequest)
    }

    @Test("an owner may have a name of any script, and two names that look alike are not one")
    func names() async throws {
        let driver = ConnectionsDriver()
        let owners = ["project:my project", "project:שלום ירושלים", "project:プロジェクト", "project:50%", "user:é", "user:e"]
        for owner in owners {
            try await driver.connect(
                "tokens/\(owner)/prod/acme", ["access_token": .string("of \(owner.utf8.count)".replacing(" ", with: "-"))])
        }
        for owner in owners {
            #expect(try await driver.token("tokens/\(owner)/prod/acme") == "of-\(owner.utf8.count)")
        }
        let listed = try await driver.send(.list, "owners")["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        #expect(Set(listed) == Set(owners))
        driver.time.advance(seconds: 4_000)
        await driver.round()
        #expect(try await driver.token("tokens/project:שלום ירושלים/prod/acme").hasPrefix("access-canary"))
    }

    @Test(
        "what could be read in two ways is no owner",
        arguments: ["a/b", "a\\b", ".", "..", "", "e\u{301}", "a\u{7}", "\u{202E}x", "%41", "a\u{200B}b"])
    func badNames(id: String) {
        #expect(throws: CofferError.self) { try Owner(kind: .user, id: id) }
        #expect(throws: CofferError.self) { try Owner("user:" + id) }
    }
}
