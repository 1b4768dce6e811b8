package import EngineKit

/// The authentication of a caller, or one that a response issues.
package struct AuditAuth: Sendable {
    /// A policy that allowed the request.
    package struct GrantingPolicy: Sendable, Hashable {
        /// The name of the policy.
        package var name: String
        /// The type of the policy: `acl`, as in Vault.
        package var type: String

        /// Creates the description of a policy.
        package init(name: String, type: String = "acl") {
            self.name = name
            self.type = type
        }
    }

    /// The token; only its HMAC is written.
    package var clientToken: String?
    /// The accessor of the token. Written in clear only on a device with `hmac_accessor=false`.
    package var accessor: String?
    /// The display name of the token. Written in clear, as are all members below unless they say otherwise.
    package var displayName: String?
    /// The names of all policies that apply.
    package var policies: [String]
    /// The policies of the token itself.
    package var tokenPolicies: [String]
    /// The policies of the caller's entity and groups.
    package var identityPolicies: [String]
    /// The metadata of the token, written in the order of its keys.
    package var metadata: [String: String]
    /// The id of the caller's entity.
    package var entityID: String?
    /// The type of the token, such as `service` or `batch`.
    package var tokenType: String?
    /// The kind of credentials that were sent with the request instead of a token.
    package var inlineKind: String?
    /// The name that such credentials claim. Written as an HMAC: a name that was not verified may be anything, even a secret.
    package var inlineName: String?
    /// The id of the login that came with the request, under which the log has the login's own lines.
    package var loginRequestID: String?
    /// The lifetime of the token.
    package var tokenTTLSeconds: Int?
    /// When the token was issued.
    package var tokenIssueTime: Timestamp?
    /// Whether policies allowed the request; nil if none were evaluated.
    package var isAllowed: Bool?
    /// The policies that allowed the request.
    package var grantingPolicies: [GrantingPolicy]

    /// Creates an authentication.
    package init(
        clientToken: String? = nil, accessor: String? = nil, displayName: String? = nil, policies: [String] = [],
        tokenPolicies: [String] = [], identityPolicies: [String] = [], metadata: [String: String] = [:], entityID: String? = nil,
        tokenType: String? = nil, tokenTTLSeconds: Int? = nil, tokenIssueTime: Timestamp? = nil, isAllowed: Bool? = nil,
        grantingPolicies: [GrantingPolicy] = []
    ) {
        self.clientToken = clientToken
        self.accessor = accessor
        self.displayName = displayName
        self.policies = policies
        self.tokenPolicies = tokenPolicies
        self.identityPolicies = identityPolicies
        self.metadata = metadata
        self.entityID = entityID
        self.tokenType = tokenType
        self.tokenTTLSeconds = tokenTTLSeconds
        self.tokenIssueTime = tokenIssueTime
        self.isAllowed = isAllowed
        self.grantingPolicies = grantingPolicies
    }
}
