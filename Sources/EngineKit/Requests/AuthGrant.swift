/// How long a token lives and what it may do. Seconds; 0 means "as the mount or the system has it".
package struct TokenTerms: Sendable, Hashable {
    package var ttl = 0
    package var maxTTL = 0
    package var explicitMaxTTL = 0
    package var period = 0
    /// 0 is without bound.
    package var uses = 0
    package var isRenewable = true
    package var boundCIDRs: [String] = []
    package var type = TokenTypeChoice.default

    package init() {}
}

package enum TokenType: String, Sendable, Hashable {
    case service, batch
}

/// An auth method's verdict: this caller is who it says, and gets a token like this.
package struct AuthGrant: Sendable {
    package var displayName: String
    package var policies: [String]
    package var metadata: [String: String]
    /// The name of the caller on this mount; identity finds the entity by it.
    package var aliasName: String
    /// Facts about the caller that the alias keeps; they may not change from login to login without need.
    package var aliasMetadata: [String: String] = [:]
    /// Names of the groups the caller is in by the mount's account of it.
    package var groupAliases: [String] = []
    /// What the method needs to find the account again; kept with the token, shown to nobody. See ``HeldLogin``.
    package var facts: [String: String] = [:]
    package var terms: TokenTerms
    package var withoutDefaultPolicy: Bool

    package init(
        displayName: String, policies: [String], metadata: [String: String] = [:], aliasName: String, terms: TokenTerms = .init(),
        withoutDefaultPolicy: Bool = false
    ) {
        self.displayName = displayName
        self.policies = policies
        self.metadata = metadata
        self.aliasName = aliasName
        self.terms = terms
        self.withoutDefaultPolicy = withoutDefaultPolicy
    }
}

/// A token just made or renewed, as the answer shows it.
package struct IssuedAuth: Sendable {
    package var clientToken: String
    package var accessor: String
    package var policies: [String]
    package var tokenPolicies: [String]
    package var identityPolicies: [String]
    package var metadata: [String: String]
    package var leaseSeconds: Int
    package var isRenewable: Bool
    package var entityID: String
    package var type: TokenType
    package var isOrphan: Bool
    package var uses: Int

    package init(
        clientToken: String, accessor: String, policies: [String], tokenPolicies: [String], identityPolicies: [String] = [],
        metadata: [String: String] = [:], leaseSeconds: Int, isRenewable: Bool, entityID: String = "", type: TokenType = .service,
        isOrphan: Bool, uses: Int = 0
    ) {
        self.clientToken = clientToken
        self.accessor = accessor
        self.policies = policies
        self.tokenPolicies = tokenPolicies
        self.identityPolicies = identityPolicies
        self.metadata = metadata
        self.leaseSeconds = leaseSeconds
        self.isRenewable = isRenewable
        self.entityID = entityID
        self.type = type
        self.isOrphan = isOrphan
        self.uses = uses
    }
}
