package import EngineKit

/// The record of a token. It does not hold the token itself: ``id`` is its HMAC.
package struct TokenEntry: Sendable, Hashable {
    /// The HMAC-SHA256 of the token in lower-case hex.
    package var id: String
    /// Identifies the token without granting access, so that it can be looked up and revoked.
    package var accessor: String
    /// The id of the token that created it; empty for an orphan.
    package var parentID = ""
    /// The largest number of ancestors that the token may have; 0 in entries of servers that did not count them.
    package var generation = 0
    /// The names of its own policies, without those of its entity.
    package var policies: [String]
    /// What the audit calls it, such as `userpass-bob`.
    package var displayName: String
    /// The path of the request that created the token, such as `auth/token/create`.
    package var path: String
    /// What its creator or its login attached to it.
    package var metadata: [String: String] = [:]
    /// The token role of the creation; empty if there was none.
    package var role = ""
    /// The uuid of the auth mount whose login created the token; empty if there was no login.
    package var mountID = ""
    /// What the auth mount stored for renewing the token. It is never shown.
    package var loginFacts: [String: String] = [:]
    /// The id of its entity; empty for none.
    package var entityID = ""
    /// Whether it has a record or is a sealed text.
    package var type = TokenType.service
    /// When it was created.
    package var createdAt: Timestamp
    /// When it was last renewed; nil if it never was.
    package var renewedAt: Timestamp?
    /// When it expires; nil for never, which only root tokens can have.
    package var expiresAt: Timestamp?
    /// The TTL that it was created with, in seconds. A renewal without an increment asks for it.
    package var creationTTL = 0
    /// The longest life from its creation in seconds, even with a period; 0 for none.
    package var explicitMaxTTL = 0
    /// The longest life from its creation in seconds, of a token without a period.
    package var maxTTL = 0
    /// The period of a periodic token in seconds; 0 for none.
    package var period = 0
    /// Whether it can be renewed.
    package var isRenewable = false
    /// The address ranges from which it can be used; empty for all.
    package var boundCIDRs: [String] = []
    /// The key that verifies capability tokens derived from this token. Empty in entries from before there were such
    /// tokens.
    package var capabilityKey: [UInt8] = []
    /// The number of uses that are left; 0 for any number, -1 for none.
    package var usesLeft = 0

    /// Creates the entry of a token without parent and without an end.
    package init(id: String, accessor: String, policies: [String], displayName: String, path: String, createdAt: Timestamp) {
        self.id = id
        self.accessor = accessor
        self.policies = policies
        self.displayName = displayName
        self.path = path
        self.createdAt = createdAt
    }

    /// Whether no token created it.
    package var isOrphan: Bool { parentID.isEmpty }
    /// The largest number of generations. Ancestors are looked up one by one, so their number is limited.
    package static let generationsMax = 64
    /// Whether the limit on generations allows the token to create tokens.
    package var mayHaveChildren: Bool { generation < Self.generationsMax }
    /// Whether capability tokens can be derived from the token. They cannot from a wrapping token, because they could read
    /// its response without using it up.
    package var mayBeNarrowed: Bool { type == .service && !isWrapping && !capabilityKey.isEmpty }
    /// Whether it has the policy `root`.
    package var isRoot: Bool { policies.contains("root") }

    /// How far in the future the creation of a token may be, in seconds, because the clocks of nodes differ.
    private static let futureSecondsMax = 300

    /// Whether the token is valid. A token from the future is not: the clock was set back, so that the token's age is not
    /// known.
    package func isValid(at now: Timestamp) -> Bool {
        guard usesLeft >= 0 else { return false }
        guard let expiresAt else { return true }
        return now < expiresAt && renewedAt ?? createdAt <= now.adding(seconds: Self.futureSecondsMax)
    }

    /// Returns the whole seconds that are left, rounded up, or 0 for a token without an end.
    package func secondsLeft(at now: Timestamp) -> Int { expiresAt?.secondsRoundedUp(since: now) ?? 0 }

    /// The token as engines see it.
    package var caller: Caller {
        Caller(
            accessor: accessor, displayName: displayName, entityID: entityID, policies: policies, metadata: metadata, tokenID: id)
    }
}

extension TokenEntry {
    /// Returns whether the token may be used from an address: any, if it is bound to none.
    package func isUsable(from address: String) -> Bool {
        boundCIDRs.isEmpty || AddressRange.contains(address, in: boundCIDRs)
    }
}
