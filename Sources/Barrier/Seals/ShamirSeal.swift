package import EngineKit
package import SecretMemory

/// People hold shares of a random unseal key; the unseal key wraps the root key.
package struct ShamirSeal: Seal {
    private let unsealKey: WrappingKey?

    /// Without its key: what a server is configured with.
    package init() { unsealKey = nil }

    /// With the key that enough shares gave back.
    init(unsealKey: SecretBytes) { self.unsealKey = WrappingKey(id: "", key: unsealKey, source: "the shares") }

    package var kind: SealKind { .shamir }

    package func wrap(
        _ root: SecretBytes, _ context: SealContext, randomness: any Randomness
    ) async throws(SealError) -> WrappedKey {
        guard let unsealKey else { throw .sealed }
        return try unsealKey.wrap(root, context, randomness: randomness)
    }

    package func unwrap(_ wrapped: WrappedKey, _ context: SealContext) async throws(SealError) -> SecretBytes {
        guard let unsealKey else { throw .sealed }
        do throws(SealError) {
            return try unsealKey.unwrap(wrapped, context)
        } catch .wrongKey {
            throw .wrongShares
        }
    }

    package func isCurrent(_ wrapped: WrappedKey) -> Bool { true }
}
