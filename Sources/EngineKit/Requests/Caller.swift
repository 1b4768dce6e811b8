/// Who is asking, as far as an engine may know.
package struct Caller: Sendable {
    package var accessor: String
    package var displayName: String
    package var entityID: String
    /// The token's own.
    package var policies: [String]
    /// Those of its entity and the entity's groups.
    package var identityPolicies: [String] = []
    package var metadata: [String: String]
    /// A stable private id for the token's own storage (cubbyhole, leases); never the token.
    package var tokenID: String

    package init(
        accessor: String, displayName: String, entityID: String = "", policies: [String], metadata: [String: String] = [:],
        tokenID: String
    ) {
        self.accessor = accessor
        self.displayName = displayName
        self.entityID = entityID
        self.policies = policies
        self.metadata = metadata
        self.tokenID = tokenID
    }

    package var isRoot: Bool { policies.contains("root") }
}

/// Where a request came from.
package struct Connection: Sendable, Hashable {
    package var remoteAddress: String
    package var remotePort: Int
    /// The common name of a verified client certificate.
    package var clientCertificateName: String?

    package init(remoteAddress: String = "", remotePort: Int = 0, clientCertificateName: String? = nil) {
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.clientCertificateName = clientCertificateName
    }
}
