import Syntax

/// Keys that tokens may be signed with.
package struct KeySet: Sendable {
    /// The most keys that a set may have.
    package static let keysMax = 128
    /// The most keys that are tried with one token.
    static let triesMax = 16

    package let keys: [VerificationKey]

    private static let limits = JSONLimits(depthMax: 16, nodesMax: 20_000)

    /// Creates a set of these keys.
    package init(_ keys: [VerificationKey]) { self.keys = keys }

    /// Reads a JWK Set (RFC 7517, 5). Keys of unknown kinds, keys for encryption, and malformed keys are left out, as the RFC asks.
    ///
    /// - Throws: ``JOSEError/badKeySet`` if it is no such document, has too many keys, or has none that can be used.
    package init(parsing bytes: [UInt8]) throws(JOSEError) {
        guard let members = (try? JSON(parsing: bytes, limits: Self.limits))?["keys"]?.arrayValue, members.count <= Self.keysMax
        else { throw .badKeySet }
        keys = members.compactMap { member in member.objectValue.flatMap { try? VerificationKey(jwk: $0) } }
        guard !keys.isEmpty else { throw .badKeySet }
    }

    /// Returns whether a key may have signed the token, as far as its header says.
    package func knowsKey(of token: SignedToken) -> Bool { keys.contains { isCandidate($0, for: token) } }

    /// Returns whether one of the keys signed the token.
    package func verifies(_ token: SignedToken) -> Bool {
        keys.lazy.filter { isCandidate($0, for: token) }.prefix(Self.triesMax).contains { $0.verifies(token) }
    }

    /// A key without an identifier may have signed any token, and a token without one may be signed with any key.
    private func isCandidate(_ key: VerificationKey, for token: SignedToken) -> Bool {
        guard key.allows(token.algorithm) else { return false }
        return key.id == nil || token.keyID == nil || key.id == token.keyID
    }
}
