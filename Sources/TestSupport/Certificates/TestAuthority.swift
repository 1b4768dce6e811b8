package import Crypto
import Foundation
import SwiftASN1
import Syntax
package import X509

/// An authority that a test makes: it issues certificates, revocation lists and OCSP responses, good ones and bad ones.
package struct TestAuthority: Sendable {
    package let certificate: Certificate
    package let key: P256.Signing.PrivateKey
    /// The moment about which everything is valid, in seconds since 1970.
    package let now: Int

    /// The certificate as DER.
    package var der: [UInt8] { Self.der(certificate) }
    /// The certificate as PEM.
    package var pem: String { Self.pem(der, "CERTIFICATE") }

    /// Makes an authority.
    ///
    /// - Parameters:
    ///   - name: Its common name.
    ///   - parent: The authority that certifies it, or nil for one that certifies itself.
    ///   - key: The key to use instead of a new one.
    package init(
        _ name: String = "Test CA", at now: Int = 1_700_000_000, under parent: TestAuthority? = nil,
        key: P256.Signing.PrivateKey = .init(), constraints: BasicConstraints = .isCertificateAuthority(maxPathLength: nil),
        usage: KeyUsage = KeyUsage(keyCertSign: true, cRLSign: true)
    ) throws {
        self.now = now
        self.key = key
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: Date(timeIntervalSince1970: Double(now - 86_400)),
            notValidAfter: Date(timeIntervalSince1970: Double(now + 86_400 * 3_650)),
            issuer: parent?.certificate.subject ?? subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try .init {
                Critical(constraints)
                Critical(usage)
                SubjectKeyIdentifier(hash: .init(key.publicKey))
            }, issuerPrivateKey: .init(parent?.key ?? key))
    }

    /// What a certificate of a client says, where it is not as usual.
    package struct Request: Sendable {
        package var version = Certificate.Version.v3
        package var key = P256.Signing.PrivateKey()
        package var serial = Certificate.SerialNumber()
        package var units: [String] = []
        package var alternatives: [GeneralName] = []
        /// nil for no extension.
        package var usages: [ExtendedKeyUsage.Usage]? = [.clientAuth]
        package var from = -3_600
        package var until = 86_400 * 30
        package var more: [Certificate.Extension] = []
        package var responder: String?

        package init() {}
    }

    /// Issues a certificate for a common name.
    package func issue(_ name: String, _ change: (inout Request) -> Void = { _ in }) throws -> Certificate {
        var request = Request()
        change(&request)
        let subject = try DistinguishedName {
            for unit in request.units { OrganizationalUnitName(unit) }
            CommonName(name)
        }
        var extensions = try Certificate.Extensions {
            if let usages = request.usages { try ExtendedKeyUsage(usages) }
            if !request.alternatives.isEmpty { SubjectAlternativeNames(request.alternatives) }
            if let responder = request.responder {
                AuthorityInformationAccess([.init(method: .ocspServer, location: .uniformResourceIdentifier(responder))])
            }
            AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            SubjectKeyIdentifier(hash: .init(request.key.publicKey))
        }
        for other in request.more { try extensions.append(other) }
        return try Certificate(
            version: request.version, serialNumber: request.serial, publicKey: .init(request.key.publicKey),
            notValidBefore: Date(timeIntervalSince1970: Double(now + request.from)),
            notValidAfter: Date(timeIntervalSince1970: Double(now + request.until)), issuer: certificate.subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: request.version == .v3 ? extensions : .init(),
            issuerPrivateKey: .init(key))
    }

    /// Returns a certificate as DER.
    package static func der(_ certificate: Certificate) -> [UInt8] {
        var serializer = DER.Serializer()
        // A certificate that was made can be written.
        try! serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    /// Returns DER as PEM.
    package static func pem(_ der: [UInt8], _ label: String) -> String {
        "-----BEGIN \(label)-----\n\(Base64.encode(der))\n-----END \(label)-----\n"
    }
}
