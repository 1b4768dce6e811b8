import EngineKit
package import SecretMemory

/// Which key a rekey replaces.
package enum RekeyTarget: Sendable, Hashable {
    /// `sys/rekey`: the unseal key of a Shamir seal, and the root key that it encrypts.
    case unsealKey
    /// `sys/rekey-recovery-key`: the recovery key of an auto-unseal seal.
    case recoveryKey
}

/// A rekey in progress: a quorum of the old shares makes a new key. If verification is required, a quorum of the new
/// shares must be submitted before the new key replaces the old one.
struct Rekey: Sendable {
    /// The collected shares of the old key.
    var old: KeyQuorum
    /// How the new key is split.
    var newCount: ShareCount
    var requiresVerification: Bool
    /// The new key whose shares were given out and are not verified yet.
    var pending: Pending?

    /// A new key, and the shares of it that were submitted for verification.
    struct Pending: Sendable {
        var key: SecretBytes
        var quorum: KeyQuorum
    }

    var started: Timestamp { old.started }
}

/// The state of a rekey, as `sys/rekey/init` returns it.
package struct RekeyStatus: Sendable, Hashable {
    /// Identifies the attempt; empty without one.
    package var nonce = ""
    /// Whether an attempt is in progress.
    package var isStarted = false
    /// The number of shares of the new key; 0 without an attempt.
    package var shares = 0
    /// How many shares of the new key will give it back; 0 without an attempt.
    package var threshold = 0
    /// How many shares of the old key were submitted.
    package var progress = 0
    /// How many shares of the old key are needed.
    package var required: Int
    /// Whether the new shares must be verified before they replace the old ones.
    package var requiresVerification = false
    /// The nonce of the verification; empty until the new shares are made.
    package var verificationNonce = ""
}

/// The result of submitting a share, as `sys/rekey/update` returns it.
package enum RekeyProgress: Sendable {
    /// More shares of the old key are needed.
    case needsMore(RekeyStatus)
    /// The new shares, which are returned only here. If there is a verification nonce, they replace the old ones only
    /// after ``SealController/verifyRekey(_:share:nonce:)``.
    case complete(nonce: String, shares: [SecretBytes], verificationNonce: String?)
}

/// The state of a verification, as `sys/rekey/verify` returns it.
package struct RekeyVerification: Sendable, Hashable {
    /// Identifies the verification.
    package var nonce: String
    /// Whether more shares are needed.
    package var isStarted: Bool
    /// The number of shares of the new key.
    package var shares: Int
    /// How many shares of the new key are needed.
    package var threshold: Int
    /// How many shares of the new key were submitted.
    package var progress: Int
    /// Whether the new key has replaced the old one.
    package var isComplete: Bool
}
