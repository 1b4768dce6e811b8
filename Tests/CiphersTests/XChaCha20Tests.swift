// HChaCha20 is a part of the cipher; nothing else may call it.
@testable import Ciphers
import SecretMemory
import Testing

@Suite struct XChaCha20Tests {
    /// draft-irtf-cfrg-xchacha-03, 2.2.1.
    @Test func `derives the key of the draft's HChaCha20 example`() {
        let key = [UInt8](0...31)
        let nonce: [UInt8] = [0, 0, 0, 9, 0, 0, 0, 0x4A, 0, 0, 0, 0, 0x31, 0x41, 0x59, 0x27]
        var output = [UInt8](repeating: 0, count: 32)
        key.withUnsafeBytes { key in
            nonce.withUnsafeBytes { nonce in output.withUnsafeMutableBytes { HChaCha20.derive(key: key, nonce: nonce, into: $0) } }
        }
        #expect(
            output == [
                0x82, 0x41, 0x3B, 0x42, 0x27, 0xB2, 0x7B, 0xFE, 0xD3, 0x0E, 0x42, 0x50, 0x8A, 0x87, 0x7D, 0x73, 0xA0, 0xF9, 0xE4,
                0xD5, 0x8A, 0x74, 0xA8, 0x53, 0xC1, 0x2E, 0xC4, 0x13, 0x26, 0xD3, 0xEC, 0xDC,
            ])
    }

    /// draft-irtf-cfrg-xchacha-03, A.3.1.
    @Test func `seals as the draft's AEAD example says`() throws {
        let text =
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
        let cipher = try XChaCha20Poly1305(key: SecretBytes([UInt8](0x80...0x9F)))
        let associated: [UInt8] = [0x50, 0x51, 0x52, 0x53, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7]
        var sealed: [UInt8] = []
        try Array(text.utf8).withUnsafeBytes { plaintext in
            try [UInt8](0x40...0x57).withUnsafeBytes { nonce in
                try associated.withUnsafeBytes { try cipher.seal(plaintext, nonce: nonce, authenticating: $0, into: &sealed) }
            }
        }
        #expect(sealed.prefix(24) == [UInt8](0x40...0x57)[...])
        #expect(sealed[24..<32] == [0xBD, 0x6D, 0x17, 0x9D, 0x3E, 0x83, 0xD4, 0x3B])
        #expect(
            sealed.suffix(16) == [
                0xC0, 0x87, 0x59, 0x24, 0xC1, 0xC7, 0x98, 0x79, 0x47, 0xDE, 0xAF, 0xD8, 0x78, 0x0A, 0xCF, 0x49,
            ])
        let opened = try sealed.withUnsafeBytes { sealed in
            try associated.withUnsafeBytes { try cipher.open(sealed, authenticating: $0) }
        }
        #expect(opened == Array(text.utf8))
    }
}
