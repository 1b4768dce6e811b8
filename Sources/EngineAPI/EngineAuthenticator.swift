import Crypto
package import EngineKit
package import SecretMemory

/// An engine that may call the API.
package struct EngineAccount: Sendable {
    /// The largest number of keys of an engine.
    package static let keysMax = 2

    /// The engine's name.
    package var name: String
    /// The engine's keys: two while one replaces the other.
    package var keys: [SecretBytes]
    /// The names of stored policies that apply in addition to `engine-NAME` and the rules of ``EngineRole``.
    package var policies: [String]

    /// Creates an account.
    package init(name: String, keys: [SecretBytes], policies: [String] = []) {
        self.name = EngineName.normal(name)
        self.keys = keys
        self.policies = policies
    }
}

/// Authenticates engines by their keys. It keeps only HMACs of the keys, under a random key of this process.
package struct EngineAuthenticator: InlineAuthenticator {
    private struct Known: Sendable {
        var name: String
        var digests: [[UInt8]]
        var grant: InlineGrant
    }

    private let key: SecretBytes
    private let known: [Known]

    /// Creates an authenticator for the accounts.
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

    /// Compares the key with every key of every engine, so that the time taken does not show which engines exist.
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

/// The built-in rules for the platform's own engines. A stored policy `engine-NAME` adds to them and can deny what they
/// grant.
package enum EngineRole {
    /// Returns the policies of the engine with the name.
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
