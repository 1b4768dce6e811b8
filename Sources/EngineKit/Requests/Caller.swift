/// Who is asking, as far as an engine may know. An object, made once for a token and shared by its requests.
package final class Caller: Sendable {
    package let accessor: String
    package let displayName: String
    package let entityID: String
    /// The token's own.
    package let policies: [String]
    /// Those of its entity and the entity's groups.
    package let identityPolicies: [String]
    package let metadata: [String: String]
    /// A stable private id for the token's own storage (cubbyhole, leases); never the token.
    package let tokenID: String

    package init(
        accessor: String, displayName: String, entityID: String = "", policies: [String], identityPolicies: [String] = [],
        metadata: [String: String] = [:], tokenID: String
    ) {
        self.accessor = accessor
        self.displayName = displayName
        self.entityID = entityID
        self.policies = policies
        self.identityPolicies = identityPolicies
        self.metadata = metadata
        self.tokenID = tokenID
    }

    package func with(identityPolicies: [String]) -> Caller {
        Caller(
            accessor: accessor, displayName: displayName, entityID: entityID, policies: policies,
            identityPolicies: identityPolicies, metadata: metadata, tokenID: tokenID)
    }

    package var isRoot: Bool { policies.contains("root") }
}

/// Where a request came from.
package struct Connection: Sendable, Hashable {
    package var remoteAddress: String
    package var remotePort: Int
    /// All names in a verified client certificate, bare and with their kinds: `billing`, `CN=billing`, `DNS:billing.example`,
    /// `CN=billing,O=Example`. Empty without one.
    package var clientCertificateNames: [String]

    package init(remoteAddress: String = "", remotePort: Int = 0, clientCertificateNames: [String] = []) {
        self.clientCertificateNames = clientCertificateNames
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
    }
}
