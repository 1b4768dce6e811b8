import Crypto
import EngineKit
import SecretMemory

/// Derives the keys of a context with HKDF-SHA256, whose info is the context.
enum DerivedKey {
    static let missingContext = CofferError.invalid(
        "missing 'context' for key derivation; the key was created using a derived key, which means additional, per-request information must be included in order to perform operations with the key"
    )

    /// Returns `count` bytes that are derived from `secret`.
    static func derive(_ secret: SecretBytes, context: [UInt8], count: Int) -> SecretBytes {
        let input = secret.withBytes { SymmetricKey(data: $0) }
        let derived = HKDF<SHA256>.deriveKey(inputKeyMaterial: input, info: context, outputByteCount: count)
        return derived.withUnsafeBytes { SecretBytes($0) }
    }

    /// Returns the cipher of a context, and for convergent keys also the keys that derive its nonces.
    static func cipher(
        _ type: KeyType, _ secret: SecretBytes, context: [UInt8]?, isConvergent: Bool
    ) throws(CofferError) -> (SymmetricCipher, NonceKeys?) {
        guard let context, !context.isEmpty else { throw missingContext }
        let size = type.secretBytes ?? 32
        guard isConvergent else { return (try SymmetricCipher(type, derive(secret, context: context, count: size)), nil) }
        // The output of HKDF is a stream, so the first bytes do not depend on how many are taken.
        let all = derive(secret, context: context, count: size + 64)
        let parts = all.withBytes { bytes in
            (SecretBytes(bytes[..<size]), NonceKeys(bytes[size..<size + 32], bytes[(size + 32)...]))
        }
        return (try SymmetricCipher(type, parts.0), parts.1)
    }
}

/// The keys that derive the nonces of convergent encryption from the plaintext. Equal input has the same nonce and
/// different input does not, so equal plaintext gives equal ciphertext.
struct NonceKeys: Sendable {
    private let plain: SymmetricKey
    /// The key for messages with associated data. Their nonces depend on that data too, because two messages with different
    /// data must not share a nonce.
    private let associated: SymmetricKey

    init(_ plain: Slice<UnsafeRawBufferPointer>, _ associated: Slice<UnsafeRawBufferPointer>) {
        self.plain = SymmetricKey(data: UnsafeRawBufferPointer(rebasing: plain))
        self.associated = SymmetricKey(data: UnsafeRawBufferPointer(rebasing: associated))
    }

    /// Returns the first `count` bytes of an HMAC of what is encrypted.
    func nonce(_ plaintext: [UInt8], authenticating data: [UInt8], count: Int) -> [UInt8] {
        guard !data.isEmpty else { return HMAC<SHA256>.authenticationCode(for: plaintext, using: plain).prefix(count).map { $0 } }
        var hmac = HMAC<SHA256>(key: associated)
        var length = UInt64(data.count).bigEndian
        withUnsafeBytes(of: &length) { hmac.update(data: $0) }
        hmac.update(data: data)
        hmac.update(data: plaintext)
        return hmac.finalize().prefix(count).map { $0 }
    }
}
