package import EngineKit
package import SecretMemory

/// The seal whose key people hold: a random unseal key encrypts the root key, and is split into shares.
package struct ShamirSeal: Seal {
    private let unsealKey: WrappingKey?

    /// Creates a seal without its key, as a server is configured.
    package init() { unsealKey = nil }

    /// Creates a seal with the unseal key, as the shares gave it.
    init(unsealKey: SecretBytes) { self.unsealKey = WrappingKey(id: "", key: unsealKey, source: "the shares") }

    /// Always `shamir`.
    package var kind: SealKind { .shamir }

    /// Encrypts the root key with the unseal key.
    package func wrap(
        _ root: SecretBytes, _ context: SealContext, randomness: any Randomness
    ) async throws(SealError) -> WrappedKey {
        guard let unsealKey else { throw .sealed }
        return try unsealKey.wrap(root, context, randomness: randomness)
    }

    /// Decrypts the root key. Throws ``SealError/wrongShares`` if the unseal key is another one.
    package func unwrap(_ wrapped: WrappedKey, _ context: SealContext) async throws(SealError) -> SecretBytes {
        guard let unsealKey else { throw .sealed }
        do throws(SealError) {
            return try unsealKey.unwrap(wrapped, context)
        } catch .wrongKey {
            throw .wrongShares
        }
    }

    /// Always true: an unseal key is replaced by a rekey only.
    package func isCurrent(_ wrapped: WrappedKey) -> Bool { true }
}
