package import EngineKit
import SecretMemory
import Syntax

/// Authenticates users by the token of their platform. What a user may do is in a policy that is made for the request: its own
/// secrets, and nothing else.
package struct UserAuthenticator: InlineAuthenticator {
    private let tokens: UserTokens
    private let mount: String

    /// Returns the authenticator of users. `mount` ends with a slash.
    package static func description(_ tokens: UserTokens, mount: String) -> InlineAuthenticatorDescription {
        InlineAuthenticatorDescription(kind: UserCaller.kind, locksNames: false) { _ in
            UserAuthenticator(tokens: tokens, mount: mount)
        }
    }

    /// Verifies the token.
    package func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        let text = attempt.credentials.secret.withBytes { String(decoding: $0, as: UTF8.self) }
        guard let user = try await tokens.user(of: text) else { return .refused(.wrongSecret) }
        return .granted(InlineGrant(displayName: "user-" + user.text, rules: [policy(of: user)]))
    }

    /// The policy has the user in its name, because policies are looked up by their names.
    private func policy(of user: UserName) -> InlinePolicy {
        let all: JSON = ["capabilities": ["create", "read", "update", "patch", "delete", "list"]]
        let own = mount + user.text
        let document: JSON = [
            "path": [
                "\(own)/secrets": all, "\(own)/secrets/*": all, "\(own)/tags": ["capabilities": ["read"]],
                "\(own)/access": ["capabilities": ["read"]], "\(own)/trash": all, "\(own)/trash/*": all, "\(own)/bulk": all,
            ]
        ]
        return InlinePolicy(name: "user-api-" + user.text, text: String(decoding: document.encoded(), as: UTF8.self))
    }
}
