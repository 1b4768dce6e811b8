package import EngineKit
package import SecretMemory

/// One 256-bit key from the environment or a file; the server opens by itself at start.
///
/// The key is replaced by configuring the new one as current and the old one as previous: the next start opens with
/// the previous key and wraps the root key with the current one.
package struct StaticSeal: Seal {
    let current: WrappingKey
    let previous: [WrappingKey]

    init(current: WrappingKey, previous: [WrappingKey] = []) {
        self.current = current
        self.previous = previous
    }

    package var kind: SealKind { .static }
    package var currentKeyID: String { current.id }
    package var previousKeyID: String? { previous.first?.id }

    package func wrap(
        _ root: SecretBytes, _ context: SealContext, randomness: any Randomness
    ) async throws(SealError) -> WrappedKey {
        try current.wrap(root, context, randomness: randomness)
    }

    package func unwrap(_ wrapped: WrappedKey, _ context: SealContext) async throws(SealError) -> SecretBytes {
        guard let key = ([current] + previous).first(where: { $0.id == wrapped.keyID }) else {
            throw .unknownKeyID(wrapped.keyID)
        }
        return try key.unwrap(wrapped, context)
    }

    package func isCurrent(_ wrapped: WrappedKey) -> Bool { wrapped.keyID == current.id }
}
