/// What `sys/seal-status` says about the seal.
package struct SealStatus: Sendable, Hashable {
    /// `shamir` or `static`; the configured one while nothing is stored.
    package var kind: SealKind
    package var isInitialized: Bool
    package var isSealed: Bool
    /// Of the unseal key, or of the recovery key with a seal that opens by itself; 0 while not initialised.
    package var shares = 0
    package var threshold = 0
    /// Shares submitted to this attempt, and its nonce (empty without one).
    package var progress = 0
    package var nonce = ""
    /// The configured seal is not the stored one: shares must come with the word to migrate.
    package var isMigrating = false
    package var hasRecoverySeal = false
    /// Of the seal's key that opens the store; empty for shares.
    package var keyID = ""
}
