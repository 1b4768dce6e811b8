import EngineKit
import FoundationEssentials
import Syntax

/// One attempt of generate-root: a quorum that makes a root token, given out masked by a one-time password.
struct RootGeneration: Sendable {
    var quorum: KeyQuorum
    var otp: [UInt8]

    /// Base64 (unpadded, as the Vault API has it) of token XOR one-time password. Nil when their lengths differ.
    func mask(_ token: String) -> String? {
        guard token.utf8.count == otp.count else { return nil }
        return KeyText.base64(zip(token.utf8, otp).map(^)).replacingUTF8("=", with: "")
    }
}

/// What `sys/generate-root/attempt` answers.
package struct RootGenerationStatus: Sendable, Hashable {
    package var nonce = ""
    package var isStarted = false
    package var isComplete = false
    package var progress = 0
    package var required: Int
    /// Once: in the answer to the start that left it to the server to make one.
    package var otp = ""
    package var otpLength: Int
    /// Once: in the answer to the last share.
    package var encodedToken = ""
}
