package import EngineKit

/// Who asked, or the authentication that a response hands out.
package struct AuditAuth: Sendable {
    package struct GrantingPolicy: Sendable, Hashable {
        package var name: String
        /// `acl`, as in Vault.
        package var type: String

        package init(name: String, type: String = "acl") {
            self.name = name
            self.type = type
        }
    }

    /// The token itself; only its HMAC is written.
    package var clientToken: String?
    /// Clear only on a device with `hmac_accessor=false`.
    package var accessor: String?
    /// Clear, as everything below.
    package var displayName: String?
    package var policies: [String]
    package var tokenPolicies: [String]
    package var identityPolicies: [String]
    /// Written in the order of its keys.
    package var metadata: [String: String]
    package var entityID: String?
    /// `service`, `batch`, …
    package var tokenType: String?
    /// Of credentials that came with the request in place of a token: which kind they are.
    package var inlineKind: String?
    /// Who the caller said it is. An HMAC, because a name that was never checked may be anything, a secret too.
    package var inlineName: String?
    package var tokenTTLSeconds: Int?
    package var tokenIssueTime: Timestamp?
    /// The verdict of the policies; nil where none was asked.
    package var isAllowed: Bool?
    package var grantingPolicies: [GrantingPolicy]

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
