import Syntax

/// Keys that tokens may be signed with.
package struct KeySet: Sendable {
    /// The most keys that a set may have.
    package static let keysMax = 128
    /// The most keys of a set from elsewhere that are tried with one token.
    static let triesMax = 16

    package let keys: [VerificationKey]
    /// The most keys that are tried with one token.
    private let triesMax: Int

    private static let limits = JSONLimits(depthMax: 16, nodesMax: 20_000)

    /// Creates a set of these keys. All of them are tried with a token that does not name one.
    package init(_ keys: [VerificationKey]) { (self.keys, triesMax) = (keys, keys.count) }

    /// Reads a JWK Set (RFC 7517, 5). Keys of unknown kinds, keys for encryption, and malformed keys are left out, as the RFC asks. A set
    /// may be empty: its owner has withdrawn all keys.
    ///
    /// - Throws: ``JOSEError/badKeySet`` if it is no such document, or has too many keys.
    package init(parsing bytes: [UInt8]) throws(JOSEError) {
        guard let members = (try? JSON(parsing: bytes, limits: Self.limits))?["keys"]?.arrayValue, members.count <= Self.keysMax
        else { throw .badKeySet }
        keys = members.compactMap { member in member.objectValue.flatMap { try? VerificationKey(jwk: $0) } }
        triesMax = Self.triesMax
    }

    /// Returns whether a key may have signed the token, as far as its header says.
    package func knowsKey(of token: SignedToken) -> Bool { keys.contains { isCandidate($0, for: token) } }

    /// Returns whether a key has the identifier that the token names. Such a set has the last word about the token; in any other, keys
    /// may have been replaced without a change of names.
    package func names(keyOf token: SignedToken) -> Bool {
        guard let id = token.keyID else { return false }
        return keys.contains { $0.id == id && $0.allows(token.algorithm) }
    }

    /// Returns whether one of the keys signed the token.
    package func verifies(_ token: SignedToken) -> Bool {
        keys.lazy.filter { isCandidate($0, for: token) }.prefix(triesMax).contains { $0.verifies(token) }
    }

    /// A key without an identifier may have signed any token, and a token without one may be signed with any key.
    private func isCandidate(_ key: VerificationKey, for token: SignedToken) -> Bool {
        guard key.allows(token.algorithm) else { return false }
        return key.id == nil || token.keyID == nil || key.id == token.keyID
    }
}
