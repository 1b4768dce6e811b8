import Crypto
package import EngineKit
import Syntax

/// Proof that whoever exchanges a code began the login (RFC 7636).
package enum PKCE {
    /// Returns a random code verifier: 43 characters.
    package static func verifier(_ randomness: any Randomness) -> String { Base64.encode(randomness.bytes(32), as: .url) }

    /// Returns the challenge of a verifier by the method S256.
    package static func challenge(of verifier: String) -> String {
        Base64.encode(Array(SHA256.hash(data: Array(verifier.utf8))), as: .url)
    }
}
