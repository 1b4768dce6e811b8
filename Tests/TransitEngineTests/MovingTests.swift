import Crypto
import EngineKit
import SecretMemory
import Syntax
import Testing
import TransitEngine

@Suite struct MovingTests {
    @Test(arguments: [
        ("aes256-gcm96", "encryption-key"), ("xaes256-gcm", "encryption-key"), ("ed25519", "signing-key"),
        ("ecdsa-p384", "signing-key"),
        ("rsa-2048", "signing-key"), ("ml-dsa-65", "signing-key"), ("x-wing", "encryption-key"), ("hmac", "hmac-key"),
    ]) func `exports only what allows it, and what it exports can be imported`(_ type: String, _ kind: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        #expect(await driver.refusal(.read, "export/\(kind)/k") == "private key material is not exportable")
        try await driver.write("keys/k/config", ["exportable": true])
        try await driver.write("keys/k/rotate")
        let all = try await driver.read("export/\(kind)/k")
        #expect(all["name"] == "k" && all["type"] == .string(type))
        #expect(all["keys"]?.objectValue?.keys == ["1", "2"])
        #expect(try await driver.read("export/\(kind)/k/latest")["keys"]?["2"] == all["keys"]?["2"])
        #expect(try await driver.read("export/\(kind)/k/1")["keys"]?.objectValue?.keys == ["1"])
        #expect(await driver.refusal(.read, "export/\(kind)/k/3") != nil)
        #expect(await driver.refusal(.read, "export/nothing/k") != nil)
        try await driver.write("keys/k/config", ["min_decryption_version": 2])
        #expect(
            await driver.refusal(.read, "export/\(kind)/k/1") == "version for export is below minimum decryption version")

        let text = all["keys"]?["2"]?.stringValue ?? ""
        let body = text.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        let other = try TransitDriver(seed: 7)
        try await other.bring("k", type, try #require(Base64.decode(body)), ["exportable": true])
        #expect(try await other.read("export/\(kind)/k/1")["keys"]?["1"] == .string(text))
    }

    @Test func `shows public keys of any key, and secrets of the other purpose of none`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ecdsa-p256"])
        let shown = try await driver.read("keys/k")["keys"]?["1"]?["public_key"]
        #expect(try await driver.read("export/public-key/k")["keys"]?["1"] == shown)
        try await driver.write("keys/k/config", ["exportable": true])
        #expect(await driver.refusal(.read, "export/encryption-key/k")?.contains("not supported") == true)
    }

    @Test func `imports with every hash function, and refuses the wrong one`() async throws {
        let driver = try TransitDriver()
        let secret = [UInt8](0..<32)
        for hash in ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] {
            try await driver.bring(hash, "aes256-gcm96", secret, ["exportable": true], hash: hash)
            #expect(try await driver.read("export/encryption-key/\(hash)")["keys"]?["1"] == .string(Base64.encode(secret)))
        }
        let wrapped = try await driver.wrapped(secret, hash: "SHA256")
        for hash in ["SHA1", "SHA512"] {
            #expect(
                await driver.refusal(.update, "keys/n/import", ["ciphertext": wrapped, "hash_function": .string(hash)])
                    == "the wrapped key could not be opened with this server's wrapping key and the hash function")
        }
        #expect(
            await driver.refusal(.update, "keys/n/import", ["ciphertext": wrapped, "type": "aes128-gcm96"])
                == "the key has the wrong length for its type")
        #expect(await driver.refusal(.update, "keys/n/import", ["ciphertext": wrapped, "type": "rsa-2048"]) != nil)
        #expect(await driver.refusal(.update, "keys/n/import") == "exactly one of 'ciphertext' and 'public_key' must be given")
        #expect(await driver.refusal(.read, "keys/n") == "")
    }

    @Test func `adds imported versions to imported keys only, and rotates them only when allowed`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/own")
        try await driver.bring("k", "aes256-gcm96", [UInt8](0..<32))
        let wrapped = try await driver.wrapped([UInt8](1...32))
        #expect(await driver.refusal(.update, "keys/k/rotate") == "imported key k does not allow rotation within Vault")
        #expect(
            await driver.refusal(.update, "keys/own/import_version", ["ciphertext": wrapped])
                == "the import_version endpoint can only be used with an imported key")
        #expect(
            await driver.refusal(.update, "keys/k/import", ["ciphertext": wrapped])?.hasPrefix("the import path cannot be used")
                == true)
        try await driver.write("keys/k/import_version", ["ciphertext": wrapped])
        #expect(try await driver.encrypt("k", "x").hasPrefix("vault:v2:"))
        let shown = try await driver.read("keys/k")
        #expect(shown["imported_key"] == true && shown["imported_key_allow_rotation"] == false && shown["latest_version"] == 2)
        try await driver.bring("free", "aes256-gcm96", [UInt8](0..<32), ["allow_rotation": true])
        try await driver.write("keys/free/rotate")
        #expect(try await driver.encrypt("free", "x").hasPrefix("vault:v2:"))
    }

    @Test func `verifies, but never signs, with a public key alone`() async throws {
        let driver = try TransitDriver()
        let key = P256.Signing.PrivateKey()
        try await driver.write("keys/k/import", ["type": "ecdsa-p256", "public_key": .string(key.publicKey.pemRepresentation)])
        let signature = try key.signature(for: Array("x".utf8)).derRepresentation
        let body: JSONObject = ["input": "x".base64, "signature": .string("vault:v1:" + Base64.encode(signature))]
        #expect(try await driver.write("verify/k", body)["valid"] == true)
        #expect(
            await driver.refusal(.update, "sign/k", ["input": "x".base64])
                == "requested operation is not allowed without a private key")
        #expect(await driver.refusal(.update, "keys/s/import", ["type": "aes256-gcm96", "public_key": "x"]) != nil)
    }

    @Test func `gives a key to another server, wrapped`() async throws {
        let (source, target) = (try TransitDriver(), try TransitDriver(seed: 9))
        try await target.shareWrappingKey()
        let pem = try await target.read("wrapping_key")["public_key"] ?? .null
        try await source.write("keys/target/import", ["type": "rsa-4096", "public_key": pem])
        for type in ["aes256-gcm96", "ecdsa-p256", "ed25519", "rsa-2048"] {
            try await source.write("keys/\(type)", ["type": .string(type)])
            #expect(await source.refusal(.read, "byok-export/target/\(type)") == "key is not exportable")
            try await source.write("keys/\(type)/config", ["exportable": true])
            let wrapped = try await source.read("byok-export/target/\(type)")["keys"]?["1"] ?? .null
            try await target.write("keys/\(type)/import", ["type": .string(type), "ciphertext": wrapped, "exportable": true])
            let kind = type.hasPrefix("aes") ? "encryption-key" : "signing-key"
            #expect(try await target.read("export/\(kind)/\(type)")["keys"] == source.read("export/\(kind)/\(type)")["keys"])
        }
        #expect(await source.refusal(.read, "byok-export/aes256-gcm96/ed25519") == "the destination must be an RSA key")
    }

    @Test func `backs up only what allows it, and restores all of it`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["exportable": true])
        #expect(await driver.refusal(.read, "backup/k") == "plaintext backup is disallowed on the policy")
        try await driver.write("keys/k/config", ["allow_plaintext_backup": true])
        let old = try await driver.encrypt("k", "old")
        try await driver.write("keys/k/rotate")
        let backup = try await driver.read("backup/k")["backup"] ?? .null
        #expect(try await driver.read("keys/k")["backup_info"]?["version"] == 2)

        let other = try TransitDriver(seed: 3)
        try await other.write("restore", ["backup": backup])
        #expect(try await other.decrypt("k", old) == "old")
        #expect(await other.refusal(.update, "restore", ["backup": backup]) == "key \"k\" already exists")
        try await other.write("restore", ["backup": backup, "force": true])
        try await other.write("restore/renamed", ["backup": backup])
        #expect(try await other.decrypt("renamed", old) == "old")
        #expect(try await other.read("keys/renamed")["restore_info"]?["version"] == 2)
    }

    @Test func `refuses a backup with any byte cut off`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["exportable": true, "allow_plaintext_backup": true])
        let text = try await driver.read("backup/k")["backup"]?.stringValue ?? ""
        let bytes = try #require(Base64.decode(text))
        for count in bytes.indices {
            let cut = JSON.string(Base64.encode(bytes.prefix(count)))
            #expect(await driver.refusal(.update, "restore/new", ["backup": cut]) != nil)
        }
        #expect(
            await driver.refusal(.update, "restore/new", ["backup": "not base64!"])
                == "failed to base64-decode backup: the field must be base64")
        #expect(try await driver.keys() == ["k"])
    }
}
