import EngineKit
import Syntax
import Testing

@Suite struct AsymmetricCipherTests {
    static let kems = ["ml-kem-768", "ml-kem-1024", "x-wing"]

    @Test(arguments: kems + ["rsa-2048"]) func `opens what it sealed, through a rotation, and nothing that was changed`(
        _ type: String
    ) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let text = try await driver.encrypt("k", "attack at dawn")
        #expect(try await driver.encrypt("k", "attack at dawn") != text)
        try await driver.write("keys/k/rotate")
        #expect(try await driver.restarted().decrypt("k", text) == "attack at dawn")
        #expect(try await driver.encrypt("k", "x").hasPrefix("vault:v2:"))
        let sealed = try #require(Base64.decode(text.dropFirst("vault:v1:".count)))
        for index in [0, sealed.count / 2, sealed.count - 17, sealed.count - 1] {
            var changed = sealed
            changed[index] ^= 1
            let refusal = await driver.refusal(.update, "decrypt/k", ["ciphertext": .string("vault:v1:" + Base64.encode(changed))])
            #expect(refusal == "invalid ciphertext: unable to decrypt")
        }
        let moved = JSON.string("vault:v2:" + Base64.encode(sealed))
        #expect(await driver.refusal(.update, "decrypt/k", ["ciphertext": moved]) == "invalid ciphertext: unable to decrypt")
        for count in [0, 16, sealed.count - 1] {
            let cut = JSON.string("vault:v1:" + Base64.encode(sealed.prefix(count)))
            #expect(await driver.refusal(.update, "decrypt/k", ["ciphertext": cut]) == "invalid ciphertext: unable to decrypt")
        }
    }

    @Test(arguments: kems) func `binds the associated data`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let text = try await driver.encrypt("k", "secret", ["associated_data": "row 17".base64])
        #expect(try await driver.decrypt("k", text, ["associated_data": "row 17".base64]) == "secret")
        await #expect(throws: CofferError.self) { try await driver.decrypt("k", text) }
    }

    @Test func `says what RSA cannot do`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "rsa-2048"])
        let long = String(repeating: "a", count: 191).base64
        #expect(await driver.refusal(.update, "encrypt/k", ["plaintext": long])?.contains("too long") == true)
        #expect(await driver.refusal(.update, "encrypt/k", ["plaintext": "x".base64, "associated_data": "y".base64]) != nil)
    }
}
