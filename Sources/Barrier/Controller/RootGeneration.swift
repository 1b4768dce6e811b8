import EngineKit
import FoundationEssentials
import Syntax

/// The generation of a root token in progress: a quorum of key shares makes the token, which is returned XORed with a
/// one-time password.
struct RootGeneration: Sendable {
    /// The collected shares.
    var quorum: KeyQuorum
    /// The one-time password.
    var otp: [UInt8]

    /// Returns the token XOR the one-time password in base64 without padding, as the Vault API has it. Returns nil if
    /// their lengths differ.
    func mask(_ token: String) -> String? {
        guard token.utf8.count == otp.count else { return nil }
        return KeyText.base64(zip(token.utf8, otp).map(^)).replacingUTF8("=", with: "")
    }
}

/// The state of a generation, as `sys/generate-root/attempt` returns it.
package struct RootGenerationStatus: Sendable, Hashable {
    /// Identifies the attempt; empty without one.
    package var nonce = ""
    /// Whether an attempt is in progress.
    package var isStarted = false
    /// Whether the token was made.
    package var isComplete = false
    /// How many shares were submitted.
    package var progress = 0
    /// How many shares are needed.
    package var required: Int
    /// The one-time password that the server made. Present only in the answer that starts the attempt, and only if the
    /// caller gave none.
    package var otp = ""
    /// The length of the one-time password, in bytes.
    package var otpLength: Int
    /// The masked token. Present only in the answer to the last share.
    package var encodedToken = ""
}
