import EngineKit
import Syntax
import TestSupport
import Testing
import UserSecretsEngine

@Suite("Owners and their keys")
struct OwnerTests {
    private func filled(_ storage: any Storage = StampingStorage(MemoryStorage())) async throws -> (UserSecretsDriver, [String]) {
        let driver = UserSecretsDriver(storage: storage)
        var ids: [String] = []
        for number in 0..<3 {
            let id = try await driver.id("u1", value: "first \(number)", ["label": .string("l\(number)")])
            try await driver.send(.update, "u1/secrets/\(id)", ["value": .string("second \(number)")])
            ids.append(id)
        }
        try await driver.store("u2")
        return (driver, ids)
    }

    @Test("deleting an owner destroys the key and every record, and touches nobody else's")
    func deletion() async throws {
        let (driver, ids) = try await filled()
        #expect(try await driver.send(.list, "owners")["keys"] == ["u1", "u2"])
        let others = try await driver.records().filter { !$0.key.hasPrefix("owned/u1/") }
        let answer = try await driver.send(.delete, "owners/u1")
        #expect(answer["key_destroyed"] == true)
        #expect(answer["complete"] == true)
        #expect(try await driver.records() == others)
        #expect(await driver.refusal(.delete, "owners/u1")?.code == .notFound)
        #expect(try await driver.list().isEmpty)
        #expect(await driver.refusal(.update, "u1/secrets/\(ids[0])/reveal")?.code == .notFound)
        #expect(try await driver.store()["created"] == true)
    }

    @Test(
        "a deletion that a crash interrupts anywhere has destroyed the key before any record, and is ended by the leader",
        arguments: 1...4)
    func interrupted(commit: Int) async throws {
        let failing = FailingStorage(MemoryStorage())
        let storage = StampingStorage(failing)
        let (driver, ids) = try await filled(storage)
        failing.failCommits(from: commit)
        _ = await driver.refusal(.delete, "owners/u1")
        failing.heal()
        let after = UserSecretsDriver(storage: storage, seed: 9)
        let keys = try await after.records()["owned/u1/keys"].map { String(decoding: $0, as: UTF8.self) }
        if commit <= 2 {
            #expect(try await after.value(ids[0]) == "second 0")
        } else {
            #expect(keys == #"{"versions":[],"deleting":true}"# || keys == nil)
            #expect(await after.refusal(.update, "u1/secrets/\(ids[0])/reveal")?.code == .notFound)
            if keys != nil {
                #expect(
                    await after.refusal(.update, "u1/secrets", ["name": "n", "provider": "p", "secret_type": "t", "value": "v"])?
                        .reason == "owner_deleting")
            }
        }
        await after.engine.runRound()
        await after.engine.runRound()
        if commit > 1 {
            #expect(try await !after.records().keys.contains { $0.hasPrefix("owned/u1/") || $0.hasPrefix("deleting/") })
        }
        #expect(try await after.list(of: "u2").count == 1)
    }

    @Test("an owner whose keys cannot be read can be deleted")
    func damagedKeys() async throws {
        let (driver, _) = try await filled()
        try await driver.overwrite("owned/u1/keys", [1, 2, 3])
        #expect(try await driver.send(.delete, "owners/u1")["complete"] == true)
        #expect(try await !driver.records().keys.contains { $0.hasPrefix("owned/u1/") })
    }

    @Test("an operator's path needs sudo, so that a name of a user cannot reach it")
    func sudo() async throws {
        let paths = UserSecretsDriver().engine.paths
        for path in paths {
            let isOperators = !path.pattern.description.hasPrefix("{owner}/")
            #expect((path.access == .sudo) == isOperators, "\(path.pattern)")
        }
    }

    @Test("replacing a key seals everything again, and then the older version is gone")
    func rotation() async throws {
        let (driver, ids) = try await filled()
        let trashed = ids[2]
        try await driver.send(.delete, "u1/secrets/\(trashed)")
        let before = try await driver.records()
        let fingerprints = try await driver.send(.read, "u1/secrets/\(ids[0])/versions")
        #expect(try await driver.send(.update, "u1/rotate")["key_version"] == 2)
        #expect(await driver.refusal(.update, "u1/rotate")?.reason == "rotation_under_way")
        // Meanwhile both versions open.
        #expect(try await driver.value(ids[0]) == "second 0")
        let new = try await driver.id("u1", value: "new", ["label": "new"])
        #expect(try await driver.send(.read, "u1/secrets/\(new)")["key_version"] == 2)
        var keys = try await driver.send(.read, "u1/keys")
        #expect(keys["rotating"] == true)
        #expect(keys["sealed_secrets"] == 1)
        #expect(keys["total_secrets"] == 3)
        await driver.engine.runRound()
        await driver.engine.runRound()
        keys = try await driver.send(.read, "u1/keys")
        #expect(keys["rotating"] == false)
        #expect(keys["sealed_secrets"] == 3)
        #expect(keys["versions"]?.arrayValue?.count == 1)
        #expect(try await driver.send(.update, "u1/trash/\(trashed)/restore")["key_version"] == 2)
        for (number, id) in ids.enumerated() {
            #expect(try await driver.value(id) == "second \(number)")
            let record = try await driver.storage.get("owned/u1/old/\(id)/1")?.value
            #expect(record != before["owned/u1/old/\(id)/1"])
            try await driver.send(.update, "u1/secrets/\(id)/restore", ["version": 1])
            #expect(try await driver.value(id) == "first \(number)")
        }
        #expect(try await driver.send(.read, "u1/secrets/\(ids[0])/versions") != fingerprints)
        #expect(try await driver.records()["rotating/u1"] == nil)
        #expect(try await driver.send(.update, "u1/rotate")["key_version"] == 3)
    }

    @Test("a rotation that a crash interrupts anywhere loses nothing, and is ended by the next leader", arguments: 1...8)
    func interruptedRotation(commit: Int) async throws {
        let failing = FailingStorage(MemoryStorage())
        let storage = StampingStorage(failing)
        let (driver, ids) = try await filled(storage)
        failing.failCommits(from: commit)
        _ = await driver.refusal(.update, "u1/rotate")
        await driver.engine.runRound()
        failing.heal()
        let after = UserSecretsDriver(storage: storage, seed: 9)
        for (number, id) in ids.enumerated() { #expect(try await after.value(id) == "second \(number)") }
        for _ in 0..<3 { await after.engine.runRound() }
        #expect(try await after.send(.read, "u1/keys")["rotating"] == false)
        for (number, id) in ids.enumerated() {
            #expect(try await after.value(id) == "second \(number)")
            try await after.send(.update, "u1/secrets/\(id)/restore", ["version": 1])
            #expect(try await after.value(id) == "first \(number)")
        }
    }

    @Test("a damaged secret keeps the older key, and the others are sealed again")
    func damagedSecret() async throws {
        let (driver, ids) = try await filled()
        let key = "owned/u1/secret/\(ids[1])"
        let record = try #require(try await driver.storage.get(key)).value
        let text = String(decoding: record, as: UTF8.self)
        try await driver.overwrite(key, Array(text.replacingUTF8(#""active":true"#, with: #""active":false"#).utf8))
        try await driver.send(.update, "u1/rotate")
        for _ in 0..<3 { await driver.engine.runRound() }
        #expect(try await driver.send(.read, "u1/keys")["versions"]?.arrayValue?.count == 2)
        try await driver.overwrite(key, record)
        for (number, id) in ids.enumerated() { #expect(try await driver.value(id) == "second \(number)") }
    }
}
