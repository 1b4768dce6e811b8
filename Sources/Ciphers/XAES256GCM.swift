import COpenSSL
import Crypto
import CryptoExtras
package import SecretMemory

/// XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived for each nonce, so that random
/// nonces of 192 bits are safe for 2^80 messages. Sealed text is `nonce (24) | ciphertext | tag (16)`.
package final class XAES256GCM: ExtendedNonceCipher {
    /// The length of a key in bytes.
    package static let keyBytes = 32
    /// The length of a nonce in bytes.
    package static let nonceBytes = 24
    /// The length of a tag in bytes.
    package static let tagBytes = AES256GCM.tagBytes
    /// How much longer a ciphertext is than its plaintext, in bytes.
    package static let overheadBytes = nonceBytes + tagBytes

    private let key: SymmetricKey
    /// The subkey K1 of CMAC (NIST SP 800-38B, 6.1), which is the same for every message.
    private let k1: SecretBytes

    /// Throws if the key does not have ``keyBytes``.
    package init(key bytes: SecretBytes) throws(CipherError) {
        guard bytes.count == Self.keyBytes else { throw .invalidParameter }
        let key = bytes.withBytes { SymmetricKey(data: $0) }
        self.key = key
        do {
            k1 = try SecretBytes(count: 16) { block in
                var block = block
                try AES.permute(&block, key: key)
                Self.double(block)
            }
        } catch {
            throw .invalidParameter
        }
    }

    /// Encrypts, and appends nonce, ciphertext and tag to `output`. The nonce must be random.
    package func seal(
        _ plaintext: UnsafeRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer,
        into output: inout [UInt8]
    ) throws(CipherError) {
        guard nonce.count == Self.nonceBytes else { throw .invalidParameter }
        try withMessageKey(nonce) { key throws(CipherError) in
            output.append(contentsOf: nonce[..<12])
            try AES256GCM.seal(plaintext, key: key, nonce: .init(rebasing: nonce[12...]), authenticating: associated, into: &output)
        }
    }

    /// Decrypts what ``seal(_:nonce:authenticating:into:)`` appended.
    package func open(
        _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(CipherError) -> [UInt8] {
        guard sealed.count >= Self.overheadBytes else { throw .doesNotOpen }
        return try withMessageKey(sealed) { key throws(CipherError) in
            try AES256GCM.open(.init(rebasing: sealed[12...]), key: key, authenticating: associated)
        }
    }

    /// Calls `body` with the key of the messages whose nonces begin with these 12 bytes: two blocks of the KDF in counter mode
    /// (NIST SP 800-108).
    private func withMessageKey<Result>(
        _ nonce: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(CipherError) -> Result
    ) throws(CipherError) -> Result {
        try withUnsafeTemporaryAllocation(byteCount: 32, alignment: 16) { blocks throws(CipherError) in
            defer { OPENSSL_cleanse(blocks.baseAddress, blocks.count) }
            do {
                for counter in 1...2 {
                    var block = UnsafeMutableRawBufferPointer(rebasing: blocks[(counter - 1) * 16..<counter * 16])
                    block[0] = 0
                    block[1] = UInt8(counter)
                    block[2] = UInt8(ascii: "X")
                    block[3] = 0
                    UnsafeMutableRawBufferPointer(rebasing: block[4...]).copyMemory(from: .init(rebasing: nonce[..<12]))
                    k1.withBytes { k1 in
                        for index in 0..<16 { block[index] ^= k1[index] }
                    }
                    try AES.permute(&block, key: key)
                }
            } catch {
                throw .invalidParameter
            }
            return try body(UnsafeRawBufferPointer(blocks))
        }
    }

    /// Doubles a block in GF(2^128) without a branch on its top bit, which is secret.
    private static func double(_ block: UnsafeMutableRawBufferPointer) {
        let top = block[0] >> 7
        for index in 0..<15 { block[index] = block[index] << 1 | block[index + 1] >> 7 }
        block[15] = block[15] << 1 ^ (0 &- top) & 0x87
    }
}
