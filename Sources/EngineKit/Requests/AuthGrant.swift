/// The lifetime and the limits of a token, in seconds; 0 means the value of the mount or the system.
package struct TokenTerms: Sendable, Hashable {
    /// The lifetime of the token.
    package var ttl = 0
    /// The longest lifetime that renewals can reach.
    package var maxTTL = 0
    /// A hard limit on the lifetime, which the mount cannot extend.
    package var explicitMaxTTL = 0
    /// For a periodic token, the lifetime that each renewal gives.
    package var period = 0
    /// The number of uses; 0 for any number.
    package var uses = 0
    /// Whether the token can be renewed.
    package var isRenewable = true
    /// The address ranges that the token may be used from; empty for any address.
    package var boundCIDRs: [String] = []
    /// The type of token, as far as the grant decides it.
    package var type = TokenTypeChoice.default

    /// Creates terms that leave everything to the mount and the system.
    package init() {}
}

/// The two kinds of token: one with a record in the store, and one that carries its record sealed in itself.
package enum TokenType: String, Sendable, Hashable {
    case service, batch
}

/// The result of a login: who the caller is, and what its token is like.
package struct AuthGrant: Sendable {
    /// The name that audit records and lookups show.
    package var displayName: String
    /// The policies that the token gets.
    package var policies: [String]
    /// Metadata of the token, shown to its holder and in the audit log.
    package var metadata: [String: String]
    /// The name of the caller on this mount, by which its entity is found.
    package var aliasName: String
    /// Metadata to store with the alias. It should not change from login to login without need.
    package var aliasMetadata: [String: String] = [:]
    /// The names of the caller's groups, as the mount reports them.
    package var groupAliases: [String] = []
    /// What the method needs to find the account again. Stored with the token and never shown. See ``HeldLogin``.
    package var facts: [String: String] = [:]
    /// How long the token lives and what limits it.
    package var terms: TokenTerms
    /// Whether the policy `default` is left out.
    package var withoutDefaultPolicy: Bool

    /// Creates a grant; what is not given is left to the mount.
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
    /// The token itself.
    package var clientToken: String
    /// The handle by which the token is looked up and revoked without being known.
    package var accessor: String
    /// All policies that apply to the token.
    package var policies: [String]
    /// The policies of the token alone.
    package var tokenPolicies: [String]
    /// The policies of the entity and of its groups.
    package var identityPolicies: [String]
    /// Metadata of the token.
    package var metadata: [String: String]
    /// Seconds until the token expires; 0 if it does not.
    package var leaseSeconds: Int
    /// Whether the token can be renewed.
    package var isRenewable: Bool
    /// The ID of the entity, or an empty string if there is none.
    package var entityID: String
    /// The kind of token.
    package var type: TokenType
    /// Whether the token has no parent, and so is not revoked with one.
    package var isOrphan: Bool
    /// The number of uses that are left; 0 if they are not counted.
    package var uses: Int
    /// The constraints that the login satisfied with second factors. For the audit; answers do not show it.
    package var satisfied: [MFARequirement.Constraint] = []

    /// Creates the answer's view of a token.
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
