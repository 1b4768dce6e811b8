import Crypto
import EngineKit
import Foundation
import Syntax
import Testing

/// Ciphertexts are Vault's to the byte, so that a key can move either way with all that it sealed.
@Suite struct VaultFormatTests {
    @Test(arguments: ["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305"], [1, 2])
    func `seals as nonce, ciphertext and tag, under the key that it exports`(_ type: String, _ version: Int) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type), "exportable": true])
        if version == 2 { try await driver.write("keys/k/rotate") }
        let text = try await driver.encrypt("k", "attack at dawn", ["associated_data": "row 7".base64])
        let prefix = "vault:v\(version):"
        #expect(text.hasPrefix(prefix))
        let sealed = try #require(Data(base64Encoded: String(text.dropFirst(prefix.count))))
        #expect(sealed.count == 12 + 14 + 16)
        let exported = try await driver.read("export/encryption-key/k")["keys"]?["\(version)"]?.stringValue ?? ""
        let key = SymmetricKey(data: try #require(Data(base64Encoded: exported)))
        let associated = Data("row 7".utf8)
        let opened =
            if type.hasPrefix("aes") {
                try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: key, authenticating: associated)
            } else {
                try ChaChaPoly.open(ChaChaPoly.SealedBox(combined: sealed), using: key, authenticating: associated)
            }
        #expect(opened == Data("attack at dawn".utf8))
    }

    @Test func `opens what Vault sealed under a key that was brought from there`() async throws {
        let driver = try TransitDriver()
        let key = SymmetricKey(size: .bits256)
        try await driver.bring("k", "aes256-gcm96", key.withUnsafeBytes { Array($0) })
        let sealed = try #require(try AES.GCM.seal(Data("attack at dawn".utf8), using: key).combined)
        #expect(try await driver.decrypt("k", "vault:v1:" + sealed.base64EncodedString()) == "attack at dawn")
    }
}
