import EngineKit
import Syntax
import TestSupport
import Testing
import UserSecretsEngine

@Suite("Storing and changing secrets")
struct StoringTests {
    @Test("an answer has every member, and never the value")
    func answer() async throws {
        let driver = UserSecretsDriver()
        let stored = try await driver.store(
            "u1", ["description": "for tests", "tags": ["a", "b", "a"], "expires_at": "2026-12-24T10:00:00+02:00"])
        #expect(
            stored.keys == [
                "id", "owner", "name", "provider", "secret_type", "description", "tags", "is_active", "visibility", "hint", "label",
                "is_default", "status", "expires_at", "created_at", "updated_at", "created_by", "version", "key_version",
                "last_used_at", "usage_count", "last_used_in_workflow", "last_test", "created",
            ])
        #expect(stored["created"] == true)
        #expect(stored["tags"] == ["a", "b"])
        #expect(stored["hint"] == "abcd")
        #expect(stored["expires_at"] == "2026-12-24T08:00:00.000000000Z")
        #expect(stored["created_by"] == "alice")
        #expect(stored["is_default"] == true)
        #expect(stored["owner"] == "u1")
        var known = stored
        known["created"] = nil
        let id = try #require(stored["id"]?.stringValue)
        #expect(try await driver.send(.read, "u1/secrets/\(id)") == known)
        #expect(try await driver.list() == [.object(known)])
        #expect(!String(decoding: JSON.object(stored).encoded(), as: UTF8.self).contains("canary"))
        #expect(try await driver.value(id) == "sk-canary-0123456789abcd")
    }

    @Test("storing another of the same provider and type replaces it, and keeps its id, its creation and whether it is active")
    func upsert() async throws {
        let driver = UserSecretsDriver()
        let first = try await driver.store("u1", ["description": "old", "tags": ["t"], "expires_at": 2_000_000_000])
        let id = try #require(first["id"]?.stringValue)
        try await driver.send(.patch, "u1/secrets/\(id)", ["is_active": false])
        driver.time.advance(seconds: 60)
        let second = try await driver.store("u1", value: "sk-second-0123456789wxyz", ["name": "renamed"])
        #expect(second["created"] == false)
        #expect(second["id"] == first["id"])
        #expect(second["name"] == "renamed")
        #expect(second["description"] == .null)
        #expect(second["tags"] == [])
        #expect(second["expires_at"] == .null)
        #expect(second["is_active"] == false)
        #expect(second["created_at"] == first["created_at"])
        #expect(second["updated_at"] != first["updated_at"])
        #expect(second["version"] == 2)
        #expect(second["hint"] == "wxyz")
        #expect(try await driver.value(id) == "sk-second-0123456789wxyz")
        #expect(try await driver.list().count == 1)
    }

    @Test("eight at once make one secret")
    func eightAtOnce() async throws {
        let storage = StampingStorage(YieldingStorage(MemoryStorage()))
        let drivers = [UserSecretsDriver(storage: storage, seed: 1), UserSecretsDriver(storage: storage, seed: 2)]
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<8 {
                group.addTask { try await drivers[number % 2].id("u1", value: "sk-\(number)-0123456789abcdef") }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        drivers[0].engine.drop(.everything)
        #expect(try await drivers[0].list().count == 1)
        #expect(try await drivers[0].list().first?["version"] == 8)
    }

    @Test("after a deletion the next one has a new id")
    func newID() async throws {
        let driver = UserSecretsDriver()
        let first = try await driver.id()
        try await driver.send(.delete, "u1/secrets/\(first)")
        #expect(await driver.refusal(.read, "u1/secrets/\(first)")?.code == .notFound)
        #expect(await driver.refusal(.delete, "u1/secrets/\(first)")?.code == .notFound)
        #expect(try await driver.list().isEmpty)
        let second = try await driver.store()
        #expect(second["created"] == true)
        #expect(second["id"]?.stringValue != first)
    }

    @Test("several of a provider and type have labels, and one of them is the default")
    func labels() async throws {
        let driver = UserSecretsDriver()
        let plain = try await driver.id()
        let work = try await driver.id("u1", ["label": "work"])
        let home = try await driver.id("u1", ["label": "home", "is_default": true])
        #expect(Set([plain, work, home]).count == 3)
        #expect(try await driver.id("u1", ["label": "work"]) == work)
        func defaults() async throws -> [String] {
            try await driver.list().filter { $0["is_default"] == true }.compactMap { $0["id"]?.stringValue }
        }
        #expect(try await defaults() == [home])
        #expect(try await driver.send(.patch, "u1/secrets/\(work)", ["is_default": true])["is_default"] == true)
        #expect(try await defaults() == [work])
        #expect(try await driver.send(.read, "u1/secrets/\(home)")["is_default"] == false)
        try await driver.send(.delete, "u1/secrets/\(work)")
        #expect(try await defaults() == [])
    }

    @Test("a change keeps what is not sent, and one that says nothing changes nothing")
    func partialChange() async throws {
        let driver = UserSecretsDriver()
        let stored = try await driver.store("u1", ["description": "d", "tags": ["t"], "expires_at": "2030-01-01"])
        let id = try #require(stored["id"]?.stringValue)
        driver.time.advance(seconds: 5)
        var unchanged = stored
        unchanged["created"] = nil
        for body: JSONObject in [
            [:], ["name": .null, "value": .null, "expires_at": .null], ["provider": "other", "secret_type": "x", "label": "y"],
        ] {
            #expect(try await driver.send(.update, "u1/secrets/\(id)", body) == unchanged)
        }
        let renamed = try await driver.send(.update, "u1/secrets/\(id)", ["name": "n2"])
        #expect(renamed["name"] == "n2")
        #expect(renamed["version"] == 1)
        #expect(renamed["description"] == "d")
        #expect(renamed["updated_at"] != stored["updated_at"])
        let emptied = try await driver.send(.update, "u1/secrets/\(id)", ["description": "", "tags": []])
        #expect(emptied["description"] == "")
        #expect(emptied["tags"] == [])
        #expect(emptied["expires_at"] == "2030-01-01T00:00:00.000000000Z")
        #expect(try await driver.value(id) == "sk-canary-0123456789abcd")
        #expect(try await driver.send(.update, "u1/secrets/\(id)", ["value": "sk-canary-0123456789abcd"])["version"] == 1)
        #expect(try await driver.send(.update, "u1/secrets/\(id)", ["value": "another-0123456789-qrst"])["hint"] == "qrst")
    }

    @Test("a restricted secret is never revealed and never becomes masked, and tokens of OAuth begin restricted")
    func restricted() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        let token = try await driver.id(provider: "slack", type: "oauth_token")
        try await driver.send(.patch, "u1/secrets/\(id)", ["visibility": "restricted"])
        for id in [id, token] {
            #expect(await driver.refusal(.update, "u1/secrets/\(id)/reveal")?.reason == "restricted")
            #expect(await driver.refusal(.patch, "u1/secrets/\(id)", ["visibility": "masked"])?.reason == "visibility")
            #expect(try await driver.send(.read, "u1/secrets/\(id)")["visibility"] == "restricted")
        }
        #expect(await driver.refusal(.update, "u1/secrets", ["visibility": "masked"])?.code == .invalidRequest)
        do {
            try await driver.store("u1", ["visibility": "masked"])
            Issue.record("a restricted secret was replaced by a masked one")
        } catch let error as CofferError {
            #expect(error.reason == "visibility")
        }
        #expect(try await driver.store()["visibility"] == "restricted")
        #expect(
            try await driver.store("u1", provider: "slack", type: "oauth_token", ["label": "x", "visibility": "masked"])[
                "visibility"] == "masked")
    }

    @Test(
        "a hint is the last four characters of a long value of a type that may show them",
        arguments: [
            ("api_key", "0123456789abcdef", "cdef"), ("api_key", "0123456789abcde", nil), ("password", "0123456789abcdef", nil),
            ("connection_string", "postgres://user:password@host/db", nil), ("other", "0123456789abcdef\n", "cdef"),
            ("other", "0123456789abcdefé", nil), ("other", "0123456789ab cdef", "cdef"), ("other", "0123456789abcd ef", nil),
            ("webhook_secret", "whsec_0123456789abcdef", "cdef"),
        ])
    func hint(type: String, value: String, hint: String?) async throws {
        #expect(try await UserSecretsDriver().store(type: type, value: value)["hint"] == .optional(hint))
    }

    @Test("a value is kept byte for byte", arguments: ["", " x\r\n", "line1\nline2\n", "\u{0}\u{7F}é\u{202E}", "e\u{301}"])
    func bytes(value: String) async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: value)
        #expect(try await driver.value(id).map { Array($0.utf8) } == Array(value.utf8))
    }
}
