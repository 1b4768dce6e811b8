import NIOSSL

/// Whom to trust at a target, and what to present to it.
package struct OutboundTrust: Sendable, Hashable {
    /// The certificate authorities that the target's certificate must be issued by, as PEM; empty for those of the system.
    package let authoritiesPEM: String
    /// The name that the target's certificate must have; empty for the host of the URL.
    package let serverName: String
    /// The certificate to present with its chain, as PEM; empty for none.
    let clientCertificatePEM: String
    /// The private key of the certificate to present, as PEM; empty for none.
    let clientKeyPEM: String

    /// The certificate authorities of the system, the name of the host, and no client certificate.
    package static let system = OutboundTrust(authoritiesPEM: "", serverName: "", certificate: "", key: "")

    private static let bytesMax = 256 << 10

    private init(authoritiesPEM: String, serverName: String, certificate: String, key: String) {
        self.authoritiesPEM = authoritiesPEM
        self.serverName = serverName
        clientCertificatePEM = certificate
        clientKeyPEM = key
    }

    /// Reads the certificates and the key, and checks that they belong together.
    ///
    /// - Throws: ``OutboundTargetError`` if one of them cannot be used.
    package init(
        authoritiesPEM: String = "", serverName: String = "", clientCertificatePEM: String = "", clientKeyPEM: String = ""
    ) throws(OutboundTargetError) {
        self.init(
            authoritiesPEM: authoritiesPEM, serverName: serverName.lowercased(), certificate: clientCertificatePEM,
            key: clientKeyPEM)
        guard self.serverName.isEmpty || OutboundURL.isName(self.serverName) else { throw .badServerName }
        guard clientCertificatePEM.isEmpty == clientKeyPEM.isEmpty else { throw .badClientCertificate }
        _ = try authorities()
        if !clientCertificatePEM.isEmpty {
            // Without authorities of its own, the context would read those of the system.
            guard (try? NIOSSLContext(configuration: configuration(trusting: .certificates([])))) != nil else {
                throw .badClientCertificate
            }
        }
    }

    /// The same authorities, without a server name and a client certificate.
    var authoritiesAlone: OutboundTrust {
        OutboundTrust(authoritiesPEM: authoritiesPEM, serverName: "", certificate: "", key: "")
    }

    /// Returns the certificate authorities, or nil for those of the system.
    private func authorities() throws(OutboundTargetError) -> NIOSSLTrustRoots? {
        guard !authoritiesPEM.isEmpty else { return nil }
        guard authoritiesPEM.utf8.count <= Self.bytesMax,
            let found = try? NIOSSLCertificate.fromPEMBytes(Array(authoritiesPEM.utf8)), !found.isEmpty
        else { throw .badAuthorities }
        return .certificates(found)
    }

    /// Returns the TLS configuration of a client.
    ///
    /// - Parameter roots: The authorities if this value has none.
    func configuration(trusting roots: NIOSSLTrustRoots) throws(OutboundTargetError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = try authorities() ?? roots
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        guard !clientCertificatePEM.isEmpty else { return configuration }
        guard clientCertificatePEM.utf8.count <= Self.bytesMax, clientKeyPEM.utf8.count <= Self.bytesMax,
            let chain = try? NIOSSLCertificate.fromPEMBytes(Array(clientCertificatePEM.utf8)), !chain.isEmpty,
            let key = try? NIOSSLPrivateKey(bytes: Array(clientKeyPEM.utf8), format: .pem)
        else { throw .badClientCertificate }
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        return configuration
    }
}

// A private key must not appear in a log line that shows a target.
extension OutboundTrust: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let authorities = authoritiesPEM.isEmpty ? "the system's authorities" : "authorities of its own"
        return clientKeyPEM.isEmpty ? authorities : "\(authorities), a client certificate"
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
