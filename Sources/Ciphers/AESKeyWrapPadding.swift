import Crypto
import CryptoExtras
package import SecretMemory

/// AES key wrap with padding (RFC 5649): wraps a key of any length under another, without a nonce.
package enum AESKeyWrapPadding {
    /// The longest key that is wrapped, which is more than any private key has.
    package static let bytesMax = 64 << 10
    private static let mark: [UInt8] = [0xA6, 0x59, 0x59, 0xA6]

    /// Returns `secret` wrapped under an AES key.
    package static func wrap(_ secret: UnsafeRawBufferPointer, under key: SecretBytes) throws(CipherError) -> [UInt8] {
        guard [16, 24, 32].contains(key.count), !secret.isEmpty, secret.count <= bytesMax else { throw .invalidParameter }
        let padded = (secret.count + 7) / 8 * 8
        var text = [UInt8](repeating: 0, count: 8 + padded)
        text.replaceSubrange(0..<4, with: mark)
        for index in 0..<4 { text[4 + index] = UInt8(truncatingIfNeeded: secret.count >> (24 - 8 * index)) }
        text.replaceSubrange(8..<8 + secret.count, with: secret)
        let key = key.withBytes { SymmetricKey(data: $0) }
        do {
            guard padded > 8 else {
                try AES.permute(&text, key: key)
                return text
            }
            for round in 0..<6 {
                for index in 1...padded / 8 {
                    try step(&text, block: index, counter: UInt64(round * (padded / 8) + index), key: key)
                }
            }
        } catch {
            throw .invalidParameter
        }
        return text
    }

    /// Returns what ``wrap(_:under:)`` wrapped. One error stands for every fault.
    package static func unwrap(_ wrapped: some Collection<UInt8>, under key: SecretBytes) throws(CipherError) -> SecretBytes {
        guard [16, 24, 32].contains(key.count) else { throw .invalidParameter }
        guard wrapped.count >= 16, wrapped.count.isMultiple(of: 8), wrapped.count <= bytesMax + 16 else { throw .doesNotOpen }
        var text = Array(wrapped)
        defer { zero(&text) }
        let key = key.withBytes { SymmetricKey(data: $0) }
        let blocks = text.count / 8 - 1
        do {
            if blocks == 1 {
                try AES.inversePermute(&text, key: key)
            } else {
                for round in (0..<6).reversed() {
                    for index in (1...blocks).reversed() {
                        try inverseStep(&text, block: index, counter: UInt64(round * blocks + index), key: key)
                    }
                }
            }
        } catch {
            throw .doesNotOpen
        }
        let length = text[4..<8].reduce(0) { $0 << 8 | Int($1) }
        guard constantTimeEqual(text[..<4], mark), length > (blocks - 1) * 8, length <= blocks * 8,
            text[(8 + length)...].allSatisfy({ $0 == 0 })
        else { throw .doesNotOpen }
        return SecretBytes(text[8..<8 + length])
    }

    /// The inner step of wrapping (RFC 3394, 2.2.1). The register is the first 8 bytes of `text`.
    private static func step(_ text: inout [UInt8], block index: Int, counter: UInt64, key: SymmetricKey) throws {
        var block = Array(text[..<8] + text[index * 8..<index * 8 + 8])
        defer { zero(&block) }
        try AES.permute(&block, key: key)
        for byte in 0..<8 {
            text[byte] = block[byte] ^ UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * byte))
            text[index * 8 + byte] = block[8 + byte]
        }
    }

    /// The inner step of unwrapping (RFC 3394, 2.2.2).
    private static func inverseStep(_ text: inout [UInt8], block index: Int, counter: UInt64, key: SymmetricKey) throws {
        var block = Array(text[..<8] + text[index * 8..<index * 8 + 8])
        defer { zero(&block) }
        for byte in 0..<8 { block[byte] ^= UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * byte)) }
        try AES.inversePermute(&block, key: key)
        for byte in 0..<8 {
            text[byte] = block[byte]
            text[index * 8 + byte] = block[8 + byte]
        }
    }
}
