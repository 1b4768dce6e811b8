package import EngineKit
package import SecretMemory

/// A seal with one 256-bit key from the environment or a file. The server unseals at start.
///
/// To replace the key, configure the new one as current and the old one as previous. The next start decrypts the root
/// key with the previous key and encrypts it with the current one.
package struct StaticSeal: Seal {
    let current: WrappingKey
    var previous: [WrappingKey] = []

    /// Always `static`.
    package var kind: SealKind { .static }
    /// The id of the first previous key, or nil.
    package var previousKeyID: String? { previous.first?.id }

    /// Encrypts the root key with the current key.
    package func wrap(
        _ root: SecretBytes, _ context: SealContext, randomness: any Randomness
    ) async throws(SealError) -> WrappedKey {
        try current.wrap(root, context, randomness: randomness)
    }

    /// Decrypts the root key with the key that it names. Throws ``SealError/unknownKeyID(_:)`` if that key is not
    /// configured.
    package func unwrap(_ wrapped: WrappedKey, _ context: SealContext) async throws(SealError) -> SecretBytes {
        guard let key = ([current] + previous).first(where: { $0.id == wrapped.keyID }) else {
            throw .unknownKeyID(wrapped.keyID)
        }
        return try key.unwrap(wrapped, context)
    }

    /// Whether the root key is encrypted with the current key.
    package func isCurrent(_ wrapped: WrappedKey) -> Bool { wrapped.keyID == current.id }
}
