import EngineKit
import Syntax
import Testing

@Suite struct CipherTests {
    static let ciphers = ["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305", "xaes256-gcm"]

    @Test(arguments: ciphers) func `opens what it sealed, after a restart too, and seals differently each time`(
        _ type: String
    ) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let first = try await driver.encrypt("k", "attack at dawn")
        let second = try await driver.encrypt("k", "attack at dawn")
        #expect(first.hasPrefix("vault:v1:"))
        #expect(first != second)
        #expect(try await driver.decrypt("k", first) == "attack at dawn")
        #expect(try await driver.restarted().decrypt("k", second) == "attack at dawn")
        #expect(try await driver.decrypt("k", try await driver.encrypt("k", "")) == "")
    }

    @Test(arguments: ciphers) func `refuses a ciphertext with any byte changed, cut or moved to another key`(
        _ type: String
    ) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        try await driver.write("keys/other", ["type": .string(type)])
        let text = try await driver.encrypt("k", "attack at dawn")
        let sealed = try #require(Base64.decode(text.dropFirst("vault:v1:".count)))
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            let refusal = await driver.refusal(
                .update, "decrypt/k", ["ciphertext": .string("vault:v1:" + Base64.encode(changed))])
            #expect(refusal == "invalid ciphertext: unable to decrypt")
        }
        for count in [0, 1, 12, 28, sealed.count - 1] {
            let cut = "vault:v1:" + Base64.encode(sealed.prefix(count))
            #expect(
                await driver.refusal(.update, "decrypt/k", ["ciphertext": .string(cut)]) == "invalid ciphertext: unable to decrypt")
        }
        #expect(
            await driver.refusal(.update, "decrypt/other", ["ciphertext": .string(text)]) == "invalid ciphertext: unable to decrypt"
        )
    }

    @Test(arguments: [
        ("", "missing ciphertext to decrypt"), ("v1:AAAA", "invalid ciphertext: no prefix"),
        ("vault:v1", "invalid ciphertext: wrong number of fields"),
        ("vault:vx:AAAA", "invalid ciphertext: version number could not be decoded"),
        ("vault:v-1:AAAA", "invalid ciphertext: version number could not be decoded"),
        ("vault:v2:AAAA", "invalid ciphertext: version is too new"),
        ("vault:v0:AAAA", "ciphertext or signature version is disallowed by policy (too old)"),
        ("vault:v1:A", "invalid ciphertext: could not decode base64"),
        ("vault:v1:A:A", "invalid ciphertext: could not decode base64"),
    ]) func `says what is wrong with a malformed ciphertext`(_ ciphertext: String, _ message: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        #expect(await driver.refusal(.update, "decrypt/k", ["ciphertext": .string(ciphertext)]) == message)
    }

    @Test(arguments: ciphers) func `binds the associated data`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let text = try await driver.encrypt("k", "secret", ["associated_data": "row 17".base64])
        #expect(try await driver.decrypt("k", text, ["associated_data": "row 17".base64]) == "secret")
        for body in [[:], ["associated_data": "row 18".base64]] as [JSONObject] {
            await #expect(throws: CofferError.self) { try await driver.decrypt("k", text, body) }
        }
    }

    @Test func `never takes a nonce from the caller`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        try await driver.write("keys/c", ["derived": true, "convergent_encryption": true])
        let nonce = "0123456789ab".base64
        for key in ["k", "c"] {
            let refusal = await driver.refusal(
                .update, "encrypt/\(key)", ["plaintext": "x".base64, "context": "c".base64, "nonce": nonce])
            #expect(refusal == "provided nonce not allowed for this key")
        }
    }

    @Test(arguments: ciphers) func `gives each context a key of its own`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type), "derived": true])
        let text = try await driver.encrypt("k", "secret", ["context": "user 1".base64])
        #expect(try await driver.decrypt("k", text, ["context": "user 1".base64]) == "secret")
        await #expect(throws: CofferError.self) { try await driver.decrypt("k", text, ["context": "user 2".base64]) }
        let refusal = await driver.refusal(.update, "encrypt/k", ["plaintext": "x".base64])
        #expect(refusal?.hasPrefix("missing 'context' for key derivation") == true)
    }

    @Test(arguments: ciphers) func `converges only for equal plaintext, context and associated data`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type), "derived": true, "convergent_encryption": true])
        func seal(_ text: String, _ context: String, _ data: String = "") async throws -> String {
            try await driver.encrypt("k", text, ["context": context.base64, "associated_data": data.base64])
        }
        let first = try await seal("secret", "user 1")
        #expect(try await seal("secret", "user 1") == first)
        #expect(try await driver.decrypt("k", first, ["context": "user 1".base64]) == "secret")
        // Nonces differ, too: two messages under one nonce would give the key of the tags away.
        let nonceBytes = type.hasPrefix("x") ? 24 : 12
        func nonce(_ text: String) -> [UInt8] { Array((Base64.decode(text.dropFirst("vault:v1:".count)) ?? []).prefix(nonceBytes)) }
        let others = [
            try await seal("Secret", "user 1"), try await seal("secret", "user 2"), try await seal("secret", "user 1", "a"),
            try await seal("secret", "user 1", "b"), try await seal("asecret", "user 1"),
        ]
        #expect(Set(others.map(nonce) + [nonce(first)]).count == 6)
        #expect(try await driver.decrypt("k", others[3], ["context": "user 1".base64, "associated_data": "b".base64]) == "secret")
    }

    @Test func `refuses convergence without derivation, and derivation where there is none`() async throws {
        let driver = try TransitDriver()
        #expect(
            await driver.refusal(.update, "keys/k", ["convergent_encryption": true])
                == "convergent encryption requires derivation to be enabled")
        #expect(await driver.refusal(.update, "keys/k", ["type": "hmac", "derived": true])?.contains("not supported") == true)
        let unknown = await driver.refusal(.update, "keys/k", ["type": "aes512"]) ?? ""
        #expect(unknown.hasPrefix("unknown key type; 'type' must be one of aes128-gcm96, ") && unknown.contains("ed25519"))
        let cannotEncrypt = await driver.refusal(.update, "encrypt/new", ["type": "ed25519", "plaintext": "eA=="]) ?? ""
        #expect(cannotEncrypt.contains("aes256-gcm96") && !cannotEncrypt.contains("ed25519"))
        #expect(await driver.refusal(.list, "keys") != nil)
    }

    @Test func `makes a key by encrypting with it, unless the mount forbids it`() async throws {
        let driver = try TransitDriver()
        let text = try await driver.encrypt("new", "x", ["type": "chacha20-poly1305"])
        #expect(try await driver.decrypt("new", text) == "x")
        #expect(try await driver.read("keys/new")["type"] == "chacha20-poly1305")
        let derived = try await driver.encrypt("derived", "x", ["context": "c".base64])
        #expect(try await driver.read("keys/derived")["derived"] == true)
        #expect(try await driver.decrypt("derived", derived, ["context": "c".base64]) == "x")
        try await driver.write("config/keys", ["disable_upsert": true])
        #expect(await driver.refusal(.update, "encrypt/none", ["plaintext": "x".base64]) == "encryption key not found")
        #expect(try await driver.keys() == ["derived", "new"])
    }

    @Test func `rewraps with the newest version`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let old = try await driver.encrypt("k", "secret")
        try await driver.write("keys/k/rotate")
        let answer = try await driver.write("rewrap/k", ["ciphertext": .string(old)])
        #expect(answer["key_version"] == 2)
        let new = try #require(answer["ciphertext"]?.stringValue)
        #expect(new.hasPrefix("vault:v2:"))
        #expect(try await driver.decrypt("k", new) == "secret")
    }

    @Test(arguments: [128, 256, 512]) func `makes data keys`(_ bits: Int) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k")
        let plain = try await driver.write("datakey/plaintext/k", ["bits": .int(bits)])
        #expect(Base64.decode(plain["plaintext"]?.stringValue ?? "")?.count == bits / 8)
        let opened = try await driver.write("decrypt/k", ["ciphertext": plain["ciphertext"] ?? .null])
        #expect(opened["plaintext"] == plain["plaintext"])
        #expect(try await driver.write("datakey/wrapped/k", ["bits": .int(bits)])["plaintext"] == nil)
        #expect(await driver.refusal(.update, "datakey/other/k") == "Invalid path, must be 'plaintext' or 'wrapped'")
        #expect(await driver.refusal(.update, "datakey/wrapped/k", ["bits": 64]) == "invalid bit length")
    }
}
