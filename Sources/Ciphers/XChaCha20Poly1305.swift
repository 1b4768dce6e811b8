import Crypto
import FoundationEssentials
package import SecretMemory

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): ChaCha20-Poly1305 under a key made from the first 16 bytes of a nonce of
/// 24, so that random nonces are safe for 2^80 messages. Sealed text is `nonce (24) | ciphertext | tag (16)`.
package final class XChaCha20Poly1305: ExtendedNonceCipher {
    /// The length of a key in bytes.
    package static let keyBytes = 32
    /// The length of a nonce in bytes.
    package static let nonceBytes = 24
    /// The length of a tag in bytes.
    package static let tagBytes = 16

    private let key: SecretBytes

    /// Throws if the key does not have ``keyBytes``.
    package init(key: SecretBytes) throws(CipherError) {
        guard key.count == Self.keyBytes else { throw .invalidParameter }
        self.key = key
    }

    /// Encrypts, and appends nonce, ciphertext and tag to `output`.
    package func seal(
        _ plaintext: UnsafeRawBufferPointer, nonce: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer,
        into output: inout [UInt8]
    ) throws(CipherError) {
        guard nonce.count == Self.nonceBytes else { throw .invalidParameter }
        do {
            let box = try ChaChaPoly.seal(
                plaintext, using: messageKey(nonce), nonce: try Self.shortNonce(nonce), authenticating: associated)
            output.append(contentsOf: nonce)
            output.append(contentsOf: box.ciphertext)
            output.append(contentsOf: box.tag)
        } catch {
            throw .invalidParameter
        }
    }

    /// Decrypts what ``seal(_:nonce:authenticating:into:)`` appended.
    package func open(
        _ sealed: UnsafeRawBufferPointer, authenticating associated: UnsafeRawBufferPointer
    ) throws(CipherError) -> [UInt8] {
        guard sealed.count >= Self.nonceBytes + Self.tagBytes else { throw .doesNotOpen }
        do {
            let box = try ChaChaPoly.SealedBox(
                nonce: try Self.shortNonce(sealed), ciphertext: sealed[Self.nonceBytes..<sealed.count - Self.tagBytes],
                tag: sealed[(sealed.count - Self.tagBytes)...])
            var opened = try ChaChaPoly.open(box, using: messageKey(sealed), authenticating: associated)
            defer { opened.withUnsafeMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) } }
            return [UInt8](opened)
        } catch {
            throw .doesNotOpen
        }
    }

    /// Returns the key of a message, which HChaCha20 derives from the first 16 bytes of its nonce.
    private func messageKey(_ nonce: UnsafeRawBufferPointer) -> SymmetricKey {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 16) { derived in
            key.withBytes { HChaCha20.derive(key: $0, nonce: nonce, into: derived) }
            defer { _ = derived.initializeMemory(as: UInt8.self, repeating: 0) }
            return SymmetricKey(data: UnsafeRawBufferPointer(derived))
        }
    }

    /// Returns the nonce of ChaCha20-Poly1305: four zeros and the last 8 bytes of the long nonce.
    private static func shortNonce(_ nonce: UnsafeRawBufferPointer) throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [0, 0, 0, 0] + nonce[16..<24])
    }
}
