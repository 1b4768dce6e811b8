import Crypto
package import EngineKit
package import SecretMemory

/// An engine that may call: its name, its keys (two while one replaces the other), and what it may do.
package struct EngineAccount: Sendable {
    package static let keysMax = 2

    package var name: String
    package var keys: [SecretBytes]
    /// Names of stored policies besides `engine-NAME` and the role's own rules.
    package var policies: [String]

    package init(name: String, keys: [SecretBytes], policies: [String] = []) {
        self.name = EngineName.normal(name)
        self.keys = keys
        self.policies = policies
    }
}

/// Knows engines by their keys, which are kept as HMACs under a key of this process alone.
package struct EngineAuthenticator: InlineAuthenticator {
    private struct Known: Sendable {
        var name: String
        var digests: [[UInt8]]
        var grant: InlineGrant
    }

    private let key: SecretBytes
    private let known: [Known]

    package init(_ accounts: [EngineAccount], randomness: any Randomness) {
        let key = SecretBytes(randomness.bytes(32))
        self.key = key
        known = accounts.map { account in
            Known(
                name: account.name, digests: account.keys.map { Self.digest($0, key) },
                grant: InlineGrant(
                    displayName: "engine-\(account.name)", policies: ["engine-\(account.name)"] + account.policies,
                    rules: EngineRole.rules(of: account.name)))
        }
    }

    /// Every key of every engine is compared, so time says nothing about which exist.
    package func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        let digest = Self.digest(attempt.credentials.secret, key)
        var found: Known?
        for engine in known {
            var matches = false
            for other in engine.digests { matches = constantTimeEqual(digest, other) || matches }
            if matches, attempt.credentials.name.isEmpty || attempt.credentials.name == engine.name { found = engine }
        }
        if let found { return .granted(found.grant) }
        return .refused(known.contains { $0.name == attempt.credentials.name } ? .wrongSecret : .unknownName)
    }

    private static func digest(_ secret: SecretBytes, _ key: SecretBytes) -> [UInt8] {
        secret.withBytes { secret in
            key.withBytes { Array(HMAC<SHA256>.authenticationCode(for: Array(secret), using: SymmetricKey(data: $0))) }
        }
    }
}

/// What the platform's own engines may do, as policies. A stored policy `engine-NAME` adds to it, and what
/// that denies is denied.
package enum EngineRole {
    package static func rules(of name: String) -> [InlinePolicy] {
        guard let text = texts[name] else { return [] }
        return [InlinePolicy(name: "engine-role-\(name)", text: text)]
    }

    private static let fetch = #"path "connections/tokens/+/+/+" { capabilities = ["read"] }"#
    private static let status = #"path "connections/status/+" { capabilities = ["read"] }"#
    private static let store = #"""
        path "connections/tokens/+/+/+" { capabilities = ["create", "update"] }
        path "connections/authorize/+" { capabilities = ["update"] }
        """#
    private static let delete = #"""
        path "connections/tokens/+/+/+" { capabilities = ["delete"] }
        path "connections/owners/+" { capabilities = ["delete"] }
        path "connections/owners/" { capabilities = ["list"] }
        """#

    static let texts: [String: String] = [
        "action": fetch, "execution": fetch, "sync": status, "local": store, "local_brain": store,
        "integration_manager": store, "integration": store, "cleanup": delete,
    ]
}
