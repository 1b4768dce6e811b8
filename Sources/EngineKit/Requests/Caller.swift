/// The caller as an engine sees it. It is a class, created once for a token and shared by its requests.
package final class Caller: Sendable {
    /// The accessor of the token, or an empty string for credentials that are not a token.
    package let accessor: String
    /// The name that audit records and answers show.
    package let displayName: String
    /// The id of the entity, or an empty string if there is none.
    package let entityID: String
    /// The policies of the token itself.
    package let policies: [String]
    /// The policies of the entity and of its groups.
    package let identityPolicies: [String]
    /// Metadata of the token.
    package let metadata: [String: String]
    /// A stable internal id for the token's own storage (cubbyhole, leases); never the token.
    package let tokenID: String

    /// Creates a caller from the entry of its token.
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

    /// Returns the same caller with other policies of its entity and groups.
    package func with(identityPolicies: [String]) -> Caller {
        Caller(
            accessor: accessor, displayName: displayName, entityID: entityID, policies: policies,
            identityPolicies: identityPolicies, metadata: metadata, tokenID: tokenID)
    }
}

/// Where a request came from.
package struct Connection: Sendable {
    /// The client's IP address as text, after any trusted proxy; empty if it is not known.
    package var remoteAddress: String
    /// The client's port; 0 if it is not known.
    package var remotePort: Int
    /// The client's certificate, or what a proxy says of it; nil without one.
    private var certificate: ClientCertificate?

    /// All names in a verified client certificate, bare and with their kinds: `billing`, `CN=billing`, `DNS:billing.example`,
    /// `CN=billing,O=Example`. Empty without one.
    package var clientCertificateNames: [String] { certificate?.names ?? [] }

    /// The certificates that the client presented, as DER, its own first; empty without one. Nobody has judged them: whoever
    /// relies on them verifies them.
    package var certificateChain: [[UInt8]] { certificate?.chain ?? [] }

    /// Creates the description of a connection.
    package init(
        remoteAddress: String = "", remotePort: Int = 0, clientCertificateNames: [String] = [], certificateChain: [[UInt8]] = []
    ) {
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        setCertificate(certificateChain, names: clientCertificateNames)
    }

    /// Replaces what is known of the client's certificate.
    ///
    /// - Parameters:
    ///   - chain: The certificates as DER, the client's own first; empty for none.
    ///   - names: The names in the first, if it was verified.
    package mutating func setCertificate(_ chain: [[UInt8]], names: [String] = []) {
        certificate = chain.isEmpty && names.isEmpty ? nil : ClientCertificate(names: names, chain: chain)
    }
}

/// A class, because a connection is copied with each request, and few have a certificate.
private final class ClientCertificate: Sendable {
    let names: [String]
    let chain: [[UInt8]]

    init(names: [String], chain: [[UInt8]]) {
        self.names = names
        self.chain = chain
    }
}
