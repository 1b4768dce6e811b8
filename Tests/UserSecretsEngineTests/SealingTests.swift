import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("What somebody with the store can do")
struct SealingTests {
    @Test("no record of the mount has a value, and none of another owner is named")
    func canary() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        try await driver.send(.update, "u1/secrets/\(id)", ["value": "second-canary-0123456789"])
        let records = try await driver.records()
        #expect(records.count == 9)
        for (key, value) in records {
            #expect(key == "root" || key.hasPrefix("owned/u1/"))
            let text = String(decoding: value, as: UTF8.self)
            #expect(!text.contains("canary"))
            #expect(!text.contains(Base64.encode(Array("sk-canary-0123456789abcd".utf8)).prefix(20)))
        }
    }

    @Test("a secret that is put in the place of another, of the same owner or not, is refused and named")
    func moved() async throws {
        let driver = UserSecretsDriver()
        let mine = try await driver.id("u1")
        let other = try await driver.id("u1", provider: "anthropic", value: "other")
        let theirs = try await driver.id("u2", value: "theirs")
        let record = try #require(try await driver.storage.get("owned/u1/secret/\(mine)")).value
        for (owner, id) in [("u1", other), ("u2", theirs), ("u2", mine)] {
            let key = "owned/\(owner)/secret/\(id)"
            let before = try await driver.storage.get(key)?.value
            try await driver.overwrite(key, record)
            for path in ["\(owner)/secrets/\(id)/reveal"] {
                await #expect(throws: StorageError.corrupted(key: key)) { try await driver.send(.update, path) }
            }
            await #expect(throws: StorageError.corrupted(key: key)) { try await driver.send(.read, "\(owner)/secrets/\(id)") }
            if let before { try await driver.overwrite(key, before) } else { try await driver.storage.delete(key) }
        }
        #expect(try await driver.value(theirs, of: "u2") == "theirs")
    }

    @Test("all records of an owner put in the place of another's do not open")
    func movedWhole() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id("u1")
        for (key, value) in try await driver.records() where key.hasPrefix("owned/u1/") {
            try await driver.overwrite("owned/u2/" + key.dropFirst("owned/u1/".count), value)
        }
        await #expect(throws: StorageError.corrupted(key: "owned/u2/keys")) {
            try await driver.send(.update, "u2/secrets/\(id)/reveal")
        }
        #expect(try await driver.value(id) == "sk-canary-0123456789abcd")
    }

    @Test("an older record of a secret that is put back is refused and named")
    func putBack() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        let key = "owned/u1/secret/\(id)"
        let old = try #require(try await driver.storage.get(key)).value
        try await driver.send(.update, "u1/secrets/\(id)", ["is_active": false])
        try await driver.overwrite(key, old)
        await #expect(throws: StorageError.corrupted(key: key)) { try await driver.send(.read, "u1/secrets/\(id)") }
        await #expect(throws: StorageError.corrupted(key: key)) {
            try await driver.send(.update, "u1/secrets/\(id)", ["name": "n"])
        }
        await #expect(throws: StorageError.corrupted(key: key)) { try await driver.store() }
    }

    @Test(
        "a record whose terms were changed does not open",
        arguments: [
            (#""active":false"#, #""active":true"#), (#""visibility":"restricted""#, #""visibility":"masked""#),
            (#""expires_at":1893456000000000000"#, #""expires_at":1993456000000000000"#), (#""number":1"#, #""number":2"#),
        ])
    func terms(before: String, after: String) async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id("u1", ["is_active": false, "expires_at": "2030-01-01"])
        if before.contains("restricted") { try await driver.send(.patch, "u1/secrets/\(id)", ["visibility": "restricted"]) }
        let key = "owned/u1/secret/\(id)"
        let text = String(decoding: try #require(try await driver.storage.get(key)).value, as: UTF8.self)
        #expect(text.contains(before))
        try await driver.overwrite(key, Array(text.replacingUTF8(before, with: after).utf8))
        await #expect(throws: StorageError.corrupted(key: key)) {
            try await driver.send(.update, "u1/secrets/\(id)", ["is_active": false, "expires_at": 5])
        }
        if !before.contains("restricted") {
            await #expect(throws: StorageError.corrupted(key: key)) { try await driver.send(.update, "u1/secrets/\(id)/reveal") }
        }
    }

    @Test("a value does not open in the place of another of the same owner and kind")
    func exchanged() async throws {
        let driver = UserSecretsDriver()
        var keys: [String] = []
        for label in ["one", "two"] { keys.append("owned/u1/secret/" + (try await driver.id("u1", ["label": .string(label)]))) }
        func value(_ key: String) async throws -> String {
            let text = String(decoding: try #require(try await driver.storage.get(key)).value, as: UTF8.self)
            return try #require(try JSON(parsing: Array(text.utf8)).objectValue?["value"]?.stringValue)
        }
        let (mine, other) = (try await value(keys[0]), try await value(keys[1]))
        let text = String(decoding: try #require(try await driver.storage.get(keys[0])).value, as: UTF8.self)
        #expect(text.contains(mine) && mine != other)
        try await driver.overwrite(keys[0], Array(text.replacingUTF8(mine, with: other).utf8))
        await #expect(throws: StorageError.corrupted(key: keys[0])) {
            try await driver.send(.update, "u1/secrets/" + keys[0].dropFirst("owned/u1/secret/".count) + "/reveal")
        }
    }

    @Test("without the owner's keys nothing opens")
    func destroyedKeys() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        try await driver.storage.delete("owned/u1/keys")
        #expect(await driver.refusal(.update, "u1/secrets/\(id)/reveal")?.code == .notFound)
    }

    @Test("an owner who is being deleted is given nothing and can store nothing")
    func deleting() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        let text = String(decoding: try #require(try await driver.storage.get("owned/u1/keys")).value, as: UTF8.self)
        try await driver.overwrite("owned/u1/keys", Array((text.dropLast() + #","deleting":true}"#).utf8))
        #expect(await driver.refusal(.update, "u1/secrets/\(id)/reveal")?.code == .notFound)
        #expect(await driver.refusal(.update, "u1/secrets/\(id)", ["name": "n"])?.code == .notFound)
        do {
            try await driver.store()
            Issue.record("stored")
        } catch let error as CofferError { #expect(error.reason == "owner_deleting") }
    }

    @Test("a secret is the same 404 for another owner as one that does not exist")
    func foreign() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id("u1")
        try await driver.store("u2")
        for operation in [EngineKit.Operation.read, .update, .delete] {
            let foreign = await driver.refusal(operation, "u2/secrets/\(id)", ["name": "n"])
            #expect(foreign?.code == .notFound)
            #expect(foreign?.messages == [])
        }
        #expect(await driver.refusal(.update, "u2/secrets/\(id)/reveal")?.code == .notFound)
        #expect(try await driver.list(of: "u3").isEmpty)
        #expect(try await driver.value(id) == "sk-canary-0123456789abcd")
    }

    @Test("a failed commit leaves nothing, and the next attempt works")
    func failedCommit() async throws {
        let failing = FailingStorage(MemoryStorage())
        let driver = UserSecretsDriver(storage: StampingStorage(failing))
        let id = try await driver.id()
        failing.failCommit(1)
        #expect(await driver.refusal(.update, "u1/secrets/\(id)", ["value": "second"])?.code == .unavailable)
        #expect(try await driver.value(id) == "sk-canary-0123456789abcd")
        failing.failCommit(1, .after)
        #expect(await driver.refusal(.update, "u1/secrets/\(id)", ["value": "third"])?.code == .unavailable)
        #expect(try await driver.value(id) == "third")
        #expect(try await driver.list().first?["version"] == 2)
    }
}
