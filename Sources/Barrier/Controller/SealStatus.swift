/// The state of the seal, as `sys/seal-status` returns it.
package struct SealStatus: Sendable, Hashable {
    /// The stored seal's kind, or that of the configured seal if nothing is stored.
    package var kind: SealKind
    /// Whether the store has a seal.
    package var isInitialized: Bool
    /// Whether the barrier has no keys.
    package var isSealed: Bool
    /// The number of shares of the unseal key, or of the recovery key with an auto-unseal seal; 0 before
    /// initialization.
    package var shares = 0
    /// How many of the shares are needed.
    package var threshold = 0
    /// How many shares were submitted to the attempt to unseal.
    package var progress = 0
    /// Identifies the attempt; empty without one.
    package var nonce = ""
    /// Whether the configured seal differs from the stored one, so that shares must be submitted with `migrate`.
    package var isMigrating = false
    /// Whether the seal has recovery keys, as auto-unseal seals do.
    package var hasRecoverySeal = false
    /// The id of the key that encrypts the root key; empty for a Shamir seal.
    package var keyID = ""
}
