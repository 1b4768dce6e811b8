import EngineKit
import SecretMemory
import Syntax
import TestSupport
import Testing
// Backups that no server wrote are put together with the room's own writer.
@testable import TransitEngine

/// A backup is text that its holder may change: nothing in it may do more harm than being refused.
@Suite struct MadeUpBackupTests {
    /// A key as a forger would write it, with `change` made to what a server would have written.
    struct Forged: Sendable {
        var settings = KeySettings(type: .aes256GCM)
        var numbers = [1]
        var seconds = 1_700_000_000
        var secretBytes = 32
        var hmacKeyBytes = 32
        var publicKey: [UInt8] = []
        var certificates: [[UInt8]] = []
        var hasSecret = true

        var key: TransitKey {
            let versions = numbers.map { number in
                let secret = SecretBytes([UInt8](repeating: 7, count: secretBytes))
                return KeyVersion(
                    number: number, created: Timestamp(seconds: seconds), type: settings.type, secret: hasSecret ? secret : nil,
                    publicKey: publicKey,
                    hmacKey: settings.type == .hmac ? secret : SecretBytes([UInt8](repeating: 8, count: hmacKeyBytes)),
                    certificates: certificates)
            }
            return TransitKey(name: "k", settings: settings, versions: versions)
        }

        var backup: JSON {
            var writer = RecordWriter()
            writer.string(Array("k".utf8))
            return .string(Base64.encode(Array("coffer-transit-backup/1\0".utf8) + writer.bytes + key.encoded()))
        }
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout Forged) -> Void
    }

    static let forgeries: [Forgery] = [
        .init(testDescription: "a version below all numbers") { $0.numbers = [.min] },
        .init(testDescription: "a version above all numbers") { $0.numbers = [.max] },
        .init(testDescription: "two versions across the last number") { $0.numbers = [.max, .min] },
        .init(testDescription: "version 0") { $0.numbers = [0] },
        .init(testDescription: "a version that no ciphertext can name") {
            $0.numbers = [1_000_000_000]
            $0.settings.minAvailable = 1_000_000_000
            $0.settings.minDecryption = 1_000_000_000
        },
        .init(testDescription: "a hole between versions") { $0.numbers = [1, 3] },
        .init(testDescription: "versions that were never trimmed away") { $0.numbers = [5, 6] },
        .init(testDescription: "min_decryption_version 0") { $0.settings.minDecryption = 0 },
        .init(testDescription: "min_decryption_version beyond the newest") { $0.settings.minDecryption = 2 },
        .init(testDescription: "a negative min_encryption_version") { $0.settings.minEncryption = -1 },
        .init(testDescription: "min_encryption_version beyond the newest") { $0.settings.minEncryption = .max },
        .init(testDescription: "a negative min_available_version") { $0.settings.minAvailable = .min },
        .init(testDescription: "a period below an hour") { $0.settings.autoRotate = 1 },
        .init(testDescription: "a negative period") { $0.settings.autoRotate = .min },
        .init(testDescription: "a period of all time") { $0.settings.autoRotate = .max },
        .init(testDescription: "a size where there is none") { $0.settings.size = 32 },
        .init(testDescription: "a negative size") {
            $0.settings.type = .hmac
            $0.settings.size = -1
        },
        .init(testDescription: "a size of all memory") {
            $0.settings.type = .hmac
            $0.settings.size = .max
        },
        .init(testDescription: "an HMAC key that is too short") {
            $0.settings.type = .hmac
            $0.settings.size = 32
            $0.secretBytes = 31
        },
        .init(testDescription: "a backup beyond all time") { $0.settings.backedUp = .init(time: .max, version: 1) },
        .init(testDescription: "a backup before all time") { $0.settings.backedUp = .init(time: .min, version: 1) },
        .init(testDescription: "a backup of no version") { $0.settings.backedUp = .init(time: 1, version: 0) },
        .init(testDescription: "a restoration beyond all time") { $0.settings.restored = .init(time: .max, version: .max) },
        .init(testDescription: "made long ago") { $0.seconds = -2_000_000_000 },
        .init(testDescription: "made in a far future") { $0.seconds = 5_000_000_000 },
        .init(testDescription: "derivation with a type that has none") {
            $0.settings.type = .rsa2048
            $0.settings.isDerived = true
        },
        .init(testDescription: "convergent without derivation") { $0.settings.isConvergent = true },
        .init(testDescription: "a key that is too short") { $0.secretBytes = 31 },
        .init(testDescription: "no key at all") { $0.hasSecret = false },
        .init(testDescription: "no key at all, as if imported") {
            $0.hasSecret = false
            $0.settings.isImported = true
        },
        .init(testDescription: "a short key for hmac") { $0.hmacKeyBytes = 0 },
        .init(testDescription: "a public key of another secret") {
            $0.settings.type = .ed25519
            $0.publicKey = [UInt8](repeating: 9, count: 32)
        },
        .init(testDescription: "a certificate for a cipher") { $0.certificates = [[0x30, 0]] },
    ]

    @Test(arguments: forgeries) func `refuses what no server has written`(_ forgery: Forgery) async throws {
        let driver = try TransitDriver()
        var forged = Forged()
        forgery.change(&forged)
        #expect(await driver.refusal(.update, "restore/x", ["backup": forged.backup]) != nil)
        #expect(await driver.refusal(.list, "keys")?.isEmpty == true)
    }

    @Test func `takes what a server could have written`() async throws {
        let driver = try TransitDriver()
        try await driver.write("restore/x", ["backup": Forged().backup])
        #expect(try await driver.read("keys/x")["latest_version"] == 1)
    }

    /// What an earlier version let in, or a store that was changed below the server.
    @Test(arguments: forgeries.prefix(23)) func `answers for one record that cannot be read, and serves the rest`(
        _ forgery: Forgery
    ) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/good", ["auto_rotate_period": "1h"])
        var forged = Forged()
        forgery.change(&forged)
        guard forged.secretBytes == 32 else { return }
        var batch = Batch()
        batch.put("key/bad", forged.key.encoded())
        batch.put("rotating/bad", [])
        try await driver.storage.commit(batch)
        let message = "a stored record failed its integrity check and is not served; restore it from a backup"
        for (operation, path) in [(Operation.read, "keys/bad"), (.update, "keys/bad/rotate"), (.update, "encrypt/bad")] {
            #expect(await driver.refusal(operation, path, ["plaintext": "x".base64]) == message)
        }
        #expect(try await driver.keys() == ["bad", "good"])
        driver.time.advance(seconds: 7_200)
        await (driver.engine as? any PeriodicEngine)?.runRound()
        #expect(try await driver.read("keys/good")["latest_version"] == 2)
        // As the message says.
        #expect(await driver.refusal(.update, "restore/bad", ["backup": Forged().backup]) == message)
        try await driver.write("restore/bad", ["backup": Forged().backup, "force": true])
        #expect(try await driver.read("keys/bad")["latest_version"] == 1)
    }

    @Test func `survives a backup with any byte changed`() async throws {
        let driver = try TransitDriver()
        for type in ["aes256-gcm96", "ed25519", "hmac"] {
            try await driver.write("keys/\(type)", ["type": .string(type), "exportable": true, "allow_plaintext_backup": true])
            let text = try await driver.read("backup/\(type)")["backup"]?.stringValue ?? ""
            let bytes = try #require(Base64.decode(text))
            for index in bytes.indices {
                for mask: UInt8 in [0x01, 0x80] {
                    var changed = bytes
                    changed[index] ^= mask
                    let refusal = await driver.refusal(
                        .update, "restore/new", ["backup": .string(Base64.encode(changed)), "force": true])
                    guard refusal == nil else { continue }
                    // What is taken can be shown and used.
                    _ = try await driver.read("keys/new")
                    _ = await driver.refusal(.update, "keys/new/rotate")
                }
            }
        }
    }

    @Test func `imports further versions of an HMAC key in the sizes that a first one may have`() async throws {
        let driver = try TransitDriver()
        try await driver.bring("k", "hmac", [UInt8](0..<32))
        for count in [1, 31, 513] {
            let wrapped = try await driver.wrapped([UInt8](repeating: 1, count: count))
            #expect(
                await driver.refusal(.update, "keys/k/import_version", ["ciphertext": wrapped])
                    == "invalid key size for HMAC key, must be between 32 and 512 bytes")
        }
    }

    @Test func `stops at the ends of time`() {
        for seconds in [Int.min, -9_223_372_037, 9_223_372_037, Int.max] {
            let end = Timestamp(nanoseconds: seconds < 0 ? .min : .max)
            #expect(Timestamp(seconds: seconds) == end)
            #expect(end.adding(seconds: seconds) == end)
            #expect(!end.description.isEmpty && end.secondsRoundedUp(since: Timestamp(seconds: 0)) >= 0)
        }
        #expect(Timestamp(seconds: 0).adding(seconds: .min) < Timestamp(seconds: 0))
    }
}
