import EngineKit
package import SecretMemory

/// Which shares a rekey replaces.
package enum RekeyTarget: Sendable, Hashable {
    /// `sys/rekey`: the unseal key of a Shamir seal, and the root key under it.
    case unsealKey
    /// `sys/rekey-recovery-key`: the recovery key of a seal that opens by itself.
    case recoveryKey
}

/// One attempt: a quorum of the old shares, then, if asked for, one of the new ones before they count.
struct Rekey: Sendable {
    var old: KeyQuorum
    var made: ShareCount
    var requiresVerification: Bool
    /// Made, given out and not in force yet.
    var pending: Pending?

    struct Pending: Sendable {
        var key: SecretBytes
        var quorum: KeyQuorum
    }

    var started: Timestamp { old.started }
}

/// What `sys/rekey/init` answers.
package struct RekeyStatus: Sendable, Hashable {
    package var nonce = ""
    package var isStarted = false
    /// Of the new key; 0 without an attempt.
    package var shares = 0
    package var threshold = 0
    package var progress = 0
    package var required: Int
    package var requiresVerification = false
    /// Empty until the new shares are made.
    package var verificationNonce = ""
}

/// What `sys/rekey/update` answers.
package enum RekeyProgress: Sendable {
    case needsMore(RekeyStatus)
    /// The new shares, once. They count only after ``SealController/verifyRekey(_:share:nonce:)`` when there is a
    /// verification nonce.
    case complete(nonce: String, shares: [SecretBytes], verificationNonce: String?)
}

/// What `sys/rekey/verify` answers.
package struct RekeyVerification: Sendable, Hashable {
    package var nonce: String
    package var isStarted: Bool
    package var shares: Int
    package var threshold: Int
    package var progress: Int
    package var isComplete: Bool
}
