import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct KeyTests {
    @Test func `shows a key without its secrets`() async throws {
        let driver = try TransitDriver()
        let made = try await driver.write("keys/k")
        let shown = try await driver.read("keys/k")
        #expect(made == shown)
        #expect(shown["name"] == "k" && shown["type"] == "aes256-gcm96" && shown["latest_version"] == 1)
        #expect(shown["keys"] == ["1": .int(driver.time.now().seconds)])
        #expect(shown["supports_encryption"] == true && shown["supports_signing"] == false)
        #expect(shown["min_decryption_version"] == 1 && shown["min_encryption_version"] == 0)
        #expect(shown["deletion_allowed"] == false && shown["exportable"] == false && shown["derived"] == false)
    }

    @Test func `keeps an existing key as it is, and says so`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let text = try await driver.encrypt("k", "x")
        let response = try await driver.send(.update, "keys/k", ["type": "chacha20-poly1305"])
        #expect(response.warnings == ["key k already existed"])
        #expect(try await driver.decrypt("k", text) == "x")
    }

    @Test(arguments: ["a b", "-a", "a-", ".a", "é", "a$", String(repeating: "a", count: 257)])
    func `refuses names that others would not read the same`(_ name: String) async throws {
        let driver = try TransitDriver()
        await #expect(throws: (any Error).self) { try await driver.write("keys/\(name)") }
    }

    @Test func `deletes only what allows it`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        #expect(await driver.refusal(.delete, "keys/k") == "deletion is not allowed for this key")
        try await driver.write("keys/k/config", ["deletion_allowed": true])
        try await driver.send(.delete, "keys/k")
        #expect(await driver.refusal(.read, "keys/k") == "")
        #expect(await driver.refusal(.update, "decrypt/k", ["ciphertext": "vault:v1:AAAA"]) == "encryption key not found")
        #expect(await driver.refusal(.delete, "keys/k") == "could not delete key; not found")
        let left = try await driver.storage.list(Listing(prefix: "", isRecursive: true))
        #expect(left.isEmpty)
    }

    @Test func `keeps to the window of versions`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        var texts: [String] = []
        for _ in 1...4 {
            texts.append(try await driver.encrypt("k", "x"))
            try await driver.write("keys/k/rotate")
        }
        #expect(texts.last?.hasPrefix("vault:v4:") == true)
        try await driver.write("keys/k/config", ["min_decryption_version": 3, "min_encryption_version": 4])
        let tooOld = "ciphertext or signature version is disallowed by policy (too old)"
        #expect(await driver.refusal(.update, "decrypt/k", ["ciphertext": .string(texts[1])]) == tooOld)
        #expect(try await driver.decrypt("k", texts[2]) == "x")
        #expect(try await driver.read("keys/k")["keys"]?.objectValue?.keys == ["3", "4", "5"])
        for (version, message) in [
            (3, "requested version for encryption is less than the minimum encryption key version"),
            (6, "requested version for encryption is higher than the latest key version"),
            (-1, "requested version for encryption is negative"),
        ] {
            #expect(await driver.refusal(.update, "encrypt/k", ["plaintext": "x".base64, "key_version": .int(version)]) == message)
        }
        #expect(try await driver.encrypt("k", "x", ["key_version": 4]).hasPrefix("vault:v4:"))
        // Lowering the bound brings them back; trimming does not.
        try await driver.write("keys/k/config", ["min_decryption_version": 1])
        #expect(try await driver.decrypt("k", texts[0]) == "x")
        try await driver.write("keys/k/config", ["min_decryption_version": 3])
        try await driver.write("keys/k/trim", ["min_available_version": 3])
        #expect(
            await driver.refusal(.update, "keys/k/config", ["min_decryption_version": 1])
                == "min decryption version should not be less then min available version")
        #expect(await driver.refusal(.update, "decrypt/k", ["ciphertext": .string(texts[1])]) == tooOld)
        #expect(try await driver.restarted().decrypt("k", texts[3]) == "x")
        #expect(try await driver.read("keys/k")["min_available_version"] == 3)
    }

    @Test(
        arguments: [
            (["min_decryption_version": -1], "min decryption version cannot be negative"),
            (["min_decryption_version": 9], "cannot set min decryption version of 9, latest key version is 1"),
            (["min_encryption_version": -1], "min encryption version cannot be negative"),
            (["min_encryption_version": 2], "cannot set min encryption version of 2, latest key version is 1"),
            (["auto_rotate_period": "59m"], "auto rotate period must be 0 to disable or at least an hour"),
        ] as [(JSONObject, String)]) func `refuses settings that make no sense`(_ body: JSONObject, _ message: String) async throws
    {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let before = try await driver.read("keys/k")
        #expect(await driver.refusal(.update, "keys/k/config", body) == message)
        #expect(try await driver.read("keys/k") == before)
    }

    @Test(
        arguments: [
            ([:], "missing min_available_version"),
            (["min_available_version": 1], "minimum available version cannot be set when minimum encryption version is not set"),
            (["min_available_version": 0], "minimum available version must be positive"),
        ] as [(JSONObject, String)]) func `trims nothing by mistake`(_ body: JSONObject, _ message: String) async throws
    {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        #expect(await driver.refusal(.update, "keys/k/trim", body) == message)
    }

    @Test func `cannot take exportability back`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["exportable": true, "allow_plaintext_backup": true])
        let after = try await driver.write("keys/k/config", ["exportable": false, "allow_plaintext_backup": false])
        #expect(after["exportable"] == true && after["allow_plaintext_backup"] == true)
    }

    @Test func `says that a stored key was damaged`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let record = try #require(try await driver.storage.get("key/k"))
        for change in [record.value.dropLast(), record.value + [0], [9] + record.value.dropFirst()] {
            var batch = Batch()
            batch.put("key/k", Array(change))
            try await driver.storage.commit(batch)
            await #expect(throws: StorageError.corrupted(key: "key/k")) { try await driver.restarted().write("keys/k/rotate") }
        }
    }

    @Test func `opens every ciphertext while 64 clients rotate, encrypt and decrypt one key`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<64 {
                group.addTask {
                    for round in 0..<20 {
                        if client % 8 == 0, round % 4 == 0 { try await driver.write("keys/k/rotate") }
                        let text = "client \(client) round \(round)"
                        let sealed = try await driver.encrypt("k", text)
                        #expect(try await driver.decrypt("k", sealed) == text)
                        #expect(try await driver.restarted().decrypt("k", sealed) == text)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await driver.read("keys/k")["latest_version"] == 41)
    }

    @Test func `bounds the cache of opened keys without losing a key`() async throws {
        let driver = try TransitDriver()
        try await driver.write("cache-config", ["size": 10])
        #expect(try await driver.read("cache-config") == ["size": 10])
        #expect(await driver.refusal(.update, "cache-config", ["size": 3]) == "size must be 0 or a value greater or equal to 10")
        var texts: [String] = []
        for number in 0..<30 { texts.append(try await driver.encrypt("k\(number)", "\(number)")) }
        for number in 0..<30 { #expect(try await driver.decrypt("k\(number)", texts[number]) == "\(number)") }
    }

    @Test func `keeps to the cache's limit after a restart, without its being set again`() async throws {
        let first = try TransitDriver()
        try await first.write("cache-config", ["size": 10])
        var texts: [String] = []
        for number in 0..<11 { texts.append(try await first.encrypt("k\(number)", "\(number)")) }

        for isWrittenFirst in [false, true] {
            let storage = CountingStorage(first.storage)
            let driver = try TransitDriver(storage: storage)
            /// How often the store was asked for what a key had sealed.
            func readings(_ number: Int) async throws -> Int {
                let before = storage.count
                #expect(try await driver.decrypt("k\(number)", texts[number]) == "\(number)")
                return storage.count - before
            }
            if isWrittenFirst { try await driver.write("keys/k0/rotate") }
            for number in 0..<10 { _ = try await readings(number) }
            #expect(try await readings(0) == 0, "ten keys are kept")
            #expect(try await readings(10) > 0)
            #expect(try await readings(0) > 0, "an eleventh was kept beside the ten")
            // Without a limit again, all stay.
            try await driver.write("cache-config", ["size": 0])
            for number in 0..<11 { _ = try await readings(number) }
            for number in 0..<11 { #expect(try await readings(number) == 0) }
            try await driver.write("cache-config", ["size": 10])
        }
    }

    @Test func `says that its stored settings were damaged`() async throws {
        let driver = try TransitDriver()
        try await driver.write("cache-config", ["size": 10])
        var batch = Batch()
        batch.put("settings", Array("{}".utf8))
        try await driver.storage.commit(batch)
        let damaged = try driver.restarted()
        await #expect(throws: StorageError.corrupted(key: "settings")) { try await damaged.read("cache-config") }
        await #expect(throws: StorageError.corrupted(key: "settings")) { try await damaged.write("keys/k") }
    }

    @Test func `reads and writes nothing to encrypt, decrypt, sign, verify and authenticate`() async throws {
        let storage = CountingStorage(StampingStorage(MemoryStorage()))
        let driver = try TransitDriver(storage: storage)
        try await driver.write("keys/k")
        let before = storage.count
        for _ in 0..<10 { _ = try await driver.decrypt("k", try await driver.encrypt("k", "x")) }
        #expect(storage.count == before)
        try await driver.write("keys/s", ["type": "ed25519"])
        let made = storage.count
        for _ in 0..<10 {
            let signature = try await driver.write("sign/s", ["input": "x".base64])["signature"] ?? .null
            #expect(try await driver.write("verify/s", ["input": "x".base64, "signature": signature])["valid"] == true)
            try await driver.write("hmac/s", ["input": "x".base64])
        }
        #expect(storage.count == made)
    }
}
