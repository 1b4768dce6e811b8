import FoundationEssentials
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// A client's certificate with the certificates that lead from it to an authority, each issued by the next.
package struct ClientChain: Sendable {
    /// The client's certificate first, the authority last. One certificate alone was configured itself.
    package let certificates: [ClientCertificate]

    /// The most certificates that a client may present, and that a chain may have.
    package static let countMax = 8
    /// A key that certifies many of the presented certificates would make the search for a chain long.
    private static let perKeyMax = 2

    /// The longest public key, in bytes: that of RSA with 8,192 bits. Signatures are verified before anybody is known.
    private static let keyBytesMax = 1_046

    /// Reads what a client presented, its own certificate first. Returns nil if one is malformed or has a key that is too long, and
    /// if there are more than ``countMax``.
    package static func read(_ presented: [[UInt8]]) -> [ClientCertificate]? {
        guard 1...countMax ~= presented.count else { return nil }
        let certificates = presented.compactMap { try? ClientCertificate(der: $0) }
        guard certificates.count == presented.count,
            certificates.allSatisfy({ $0.certificate.publicKey.subjectPublicKeyInfoBytes.count <= keyBytesMax })
        else { return nil }
        return certificates
    }

    /// Returns the chain of a certificate that is trusted itself, or nil if it is out of date or not for clients.
    ///
    /// - Parameter seconds: The present moment, in seconds since 1970.
    package init?(configured leaf: ClientCertificate, at seconds: Int) {
        guard leaf.isForClients, leaf.isValid(at: seconds) else { return nil }
        certificates = [leaf]
    }

    /// Finds a chain from the first of the presented certificates to one of the authorities (RFC 5280, 6.1).
    ///
    /// Signatures, dates, basic and name constraints, key usages and extended key usages are verified. Critical extensions that
    /// nothing here understands are refused.
    ///
    /// - Parameters:
    ///   - presented: What the client sent. Certificates that are in no chain are ignored.
    ///   - authorities: The only certificates that a chain may end with.
    ///   - seconds: The present moment, in seconds since 1970.
    package init?(_ presented: [ClientCertificate], to authorities: [ClientCertificate], at seconds: Int) async {
        guard let leaf = presented.first, presented.count <= Self.countMax else { return nil }
        // Most authorities have issued none of the certificates, which is known without a signature.
        guard authorities.contains(where: { root in presented.contains { $0.certificate.issuer == root.certificate.subject } })
        else { return nil }
        var intermediates: [Certificate] = []
        for next in presented.dropFirst().map(\.certificate)
        where intermediates.count(where: { $0.publicKey == next.publicKey }) < Self.perKeyMax { intermediates.append(next) }
        var verifier = Verifier(rootCertificates: CertificateStore(authorities.map(\.certificate))) {
            RFC5280Policy(fixedExpiryValidationTime: Date(timeIntervalSince1970: Double(seconds)))
            ClientUsePolicy()
        }
        guard
            case .validCertificate(let chain) = await verifier.validate(
                leaf: leaf.certificate, intermediates: CertificateStore(intermediates))
        else { return nil }
        let known = presented + authorities
        certificates = chain.compactMap { found in known.first { $0.certificate == found } }
        guard certificates.count == chain.count else { return nil }
    }

    /// The client's own certificate.
    package var leaf: ClientCertificate { certificates[0] }

    /// Returns each certificate with the one that issued it; nil behind one that was configured itself. The authority at the end
    /// is trusted and not among them.
    package var issued: [(certificate: ClientCertificate, issuer: ClientCertificate?)] {
        if certificates.count == 1 { return [(certificates[0], nil)] }
        return zip(certificates, certificates.dropFirst()).map { ($0, $1) }
    }
}

/// What RFC 5280 asks of a chain for clients and `RFC5280Policy` does not look at: uses of keys, and authorities of version 1.
private struct ClientUsePolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        guard chain.count <= ClientChain.countMax else { return .failsToMeetPolicy(reason: "the chain is too long") }
        for (place, certificate) in chain.enumerated() {
            let isLast = place == chain.count - 1
            guard ClientCertificate.isForClients(certificate) else {
                return .failsToMeetPolicy(reason: "a certificate is not for client authentication")
            }
            // The authority is trusted whatever signed it.
            guard isLast || certificate.signatureAlgorithm != .sha1WithRSAEncryption else {
                return .failsToMeetPolicy(reason: "a signature uses SHA-1")
            }
            guard place > 0 else { continue }
            // One of version 1 has no basic constraints, so each client that has one could issue certificates.
            guard isLast || certificate.version == .v3 else {
                return .failsToMeetPolicy(reason: "an intermediate certificate is of version 1")
            }
            guard certificate.extensions[oid: .X509ExtensionID.keyUsage] != nil else { continue }
            guard let usage = try? certificate.extensions.keyUsage, usage.keyCertSign else {
                return .failsToMeetPolicy(reason: "a key may not issue certificates")
            }
        }
        return .meetsPolicy
    }
}
