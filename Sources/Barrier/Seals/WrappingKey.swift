import Ciphers
import EngineKit
import SecretMemory

/// A key-encryption key in memory, which a seal encrypts the root key with.
struct WrappingKey: Sendable {
    /// The id by which the stored root key names it; empty for the unseal key of a Shamir seal.
    var id: String
    var key: SecretBytes
    /// Where the key comes from, for messages: `env://NAME`, `file:///path` or `the shares`.
    var source: String

    /// The check value of the key.
    var check: [UInt8] { KeyDerivation.checkValue(of: key) }

    /// Encrypts the root key.
    func wrap(_ root: SecretBytes, _ context: SealContext, randomness: any Randomness) throws(SealError) -> WrappedKey {
        let associated = context.associatedData(keyID: id)
        do throws(CipherError) {
            let cipher = try XAES256GCM(key: key)
            let bytes = try associated.withRawBytes { associated throws(CipherError) in
                try root.withBytes { root throws(CipherError) in
                    try Envelope.seal(
                        root, with: cipher, keyID: Keyring.rootKeyID, authenticating: associated, randomness: randomness)
                }
            }
            return WrappedKey(keyID: id, bytes: bytes, check: check)
        } catch {
            throw .corrupted(CoreKey.seal)
        }
    }

    /// Decrypts the root key. Throws ``SealError/wrongKey(source:)`` if another key encrypted it, and
    /// ``SealError/corrupted(_:)`` if it was changed.
    func unwrap(_ wrapped: WrappedKey, _ context: SealContext) throws(SealError) -> SecretBytes {
        guard constantTimeEqual(wrapped.check, check) else { throw .wrongKey(source: source) }
        let associated = context.associatedData(keyID: wrapped.keyID)
        do throws(CipherError) {
            let cipher = try XAES256GCM(key: key)
            var root = try associated.withRawBytes { associated throws(CipherError) in
                try wrapped.bytes.withRawBytes { sealed throws(CipherError) in
                    try Envelope.open(sealed, with: cipher, keyID: Keyring.rootKeyID, authenticating: associated)
                }
            }
            defer { zero(&root) }
            guard root.count == KeyDerivation.keyBytes else { throw CipherError.doesNotOpen }
            return SecretBytes(root)
        } catch {
            throw .corrupted(CoreKey.seal)
        }
    }
}
