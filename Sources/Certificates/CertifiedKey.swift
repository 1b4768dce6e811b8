package import SwiftASN1

/// The public key of an X.509 certificate (RFC 5280, 4.1). The structure of the certificate is checked; its signature,
/// dates and names are not.
///
/// `X509.Certificate` cannot be used, because it refuses keys of algorithms that it does not know, such as ML-DSA.
package struct CertifiedKey: DERParseable, Hashable, Sendable {
    /// The public key.
    package let publicKey: SubjectPublicKeyInfo

    /// Reads a certificate from its DER.
    package init(derEncoded node: ASN1Node) throws {
        publicKey = try DER.sequence(node, identifier: .sequence) { nodes in
            guard let signed = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "an empty certificate") }
            let publicKey = try Self.publicKey(inSigned: signed)
            _ = try AlgorithmIdentifier(derEncoded: &nodes)
            _ = try ASN1BitString(wholeBytes: &nodes)
            return publicKey
        }
    }

    /// Reads the signed part, which RFC 5280 calls TBSCertificate.
    private static func publicKey(inSigned node: ASN1Node) throws -> SubjectPublicKeyInfo {
        try DER.sequence(node, identifier: .sequence) { nodes in
            let version = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                try Int(derEncoded: $0)
            }
            guard version.map({ 0...2 ~= $0 }) ?? true else {
                throw ASN1Error.invalidASN1Object(reason: "an unknown version of X.509")
            }
            // The serial number, which is not negative.
            _ = try ArraySlice<UInt8>(derEncoded: &nodes)
            _ = try AlgorithmIdentifier(derEncoded: &nodes)
            // The issuer, the dates, and the subject.
            for _ in 0..<3 { try nodes.next().requireSequence() }
            let publicKey = try SubjectPublicKeyInfo(derEncoded: &nodes)
            // The unique identifiers of the issuer [1] and the subject [2], and the extensions [3].
            while let rest = nodes.next() { try rest.requireContextSpecific(1...3) }
            return publicKey
        }
    }
}

extension ASN1Node? {
    fileprivate func requireSequence() throws {
        guard case .sequence? = self?.identifier, case .constructed? = self?.content else {
            throw ASN1Error.invalidASN1Object(reason: "a certificate without its issuer, dates or subject")
        }
    }
}
