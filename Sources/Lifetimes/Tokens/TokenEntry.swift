package import EngineKit

/// What is stored of a token. Never the token itself: `id` is its HMAC.
package struct TokenEntry: Sendable, Hashable {
    /// Lower-case hex of HMAC-SHA256 over the token.
    package var id: String
    package var accessor: String
    /// Empty for an orphan.
    package var parentID: String
    /// How many tokens it descends from, at most; 0 in entries of servers that did not count them.
    package var generation: Int
    package var policies: [String]
    package var displayName: String
    /// Where it was made, such as `auth/token/create`.
    package var path: String
    package var metadata: [String: String]
    package var role: String
    /// The auth mount whose login it came of, and what that noted; empty where there was none.
    package var mountID: String
    package var loginFacts: [String: String]
    package var entityID: String
    package var type: TokenType
    package var createdAt: Timestamp
    package var renewedAt: Timestamp?
    /// nil never expires: root tokens only.
    package var expiresAt: Timestamp?
    /// Seconds it was made with; what a renewal without an increment asks for.
    package var creationTTL: Int
    /// Seconds from its creation that no renewal passes; 0 without one.
    package var explicitMaxTTL: Int
    /// Seconds from its creation that renewals of a token without a period do not pass.
    package var maxTTL: Int
    package var period: Int
    package var isRenewable: Bool
    package var boundCIDRs: [String]
    /// What tokens that its holder makes are checked with; empty in entries older than that.
    package var capabilityKey: [UInt8]
    /// 0 is without bound; -1 is used up.
    package var usesLeft: Int

    package init(id: String, accessor: String, policies: [String], displayName: String, path: String, createdAt: Timestamp) {
        self.id = id
        self.accessor = accessor
        parentID = ""
        generation = 0
        self.policies = policies
        self.displayName = displayName
        self.path = path
        metadata = [:]
        role = ""
        mountID = ""
        loginFacts = [:]
        entityID = ""
        type = .service
        self.createdAt = createdAt
        expiresAt = nil
        creationTTL = 0
        explicitMaxTTL = 0
        maxTTL = 0
        period = 0
        isRenewable = false
        boundCIDRs = []
        capabilityKey = []
        usesLeft = 0
    }

    package var isOrphan: Bool { parentID.isEmpty }
    /// Generations that may descend from one another: whether all ancestors are there is looked up one by one.
    package static let generationsMax = 64
    package var mayHaveChildren: Bool { generation < Self.generationsMax }
    /// A wrapping token is spent by one request, which a token made of it could do without spending it.
    package var mayBeNarrowed: Bool { type == .service && !isWrapping && !capabilityKey.isEmpty }
    package var isRoot: Bool { policies.contains("root") }

    /// Seconds by which a token may be from the future: nodes' clocks differ.
    private static let futureSecondsMax = 300

    /// One from the future was made under a clock that has been given up since, so nobody knows how long it has lived.
    package func isValid(at now: Timestamp) -> Bool {
        guard usesLeft >= 0 else { return false }
        guard let expiresAt else { return true }
        return now < expiresAt && renewedAt ?? createdAt <= now.adding(seconds: Self.futureSecondsMax)
    }

    /// Whole seconds left, rounded up; 0 for a token without an end.
    package func secondsLeft(at now: Timestamp) -> Int { expiresAt?.secondsRoundedUp(since: now) ?? 0 }

    package var caller: Caller {
        Caller(
            accessor: accessor, displayName: displayName, entityID: entityID, policies: policies, metadata: metadata, tokenID: id)
    }
}
