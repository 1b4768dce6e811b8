import FoundationEssentials
import SwiftASN1
import Syntax
package import X509

/// A certificate that a client presented, or that an operator configured for logins, with the answers that a login needs.
///
/// Reading checks the form only. ``ClientChain`` verifies signatures, dates and uses.
package struct ClientCertificate: Sendable, Hashable {
    /// The certificate as X509 reads it.
    package let certificate: Certificate
    /// The certificate as it was read. Two certificates are the same only if these bytes are.
    package let der: [UInt8]

    /// Reads a certificate.
    package init(der: [UInt8]) throws(DERFormError) {
        certificate = try Certificate(der: der)
        self.der = der
    }

    /// Returns the certificates of a PEM text in their order, or nil if there is none, or one that is malformed, or more than
    /// `countMax`.
    package static func all(inPEM text: String, countMax: Int) -> [ClientCertificate]? {
        guard let documents = PEM.documents(in: text, label: .certificate), documents.count <= countMax else { return nil }
        let certificates = documents.compactMap { try? ClientCertificate(der: $0) }
        return certificates.count == documents.count ? certificates : nil
    }

    package static func == (left: ClientCertificate, right: ClientCertificate) -> Bool { left.der == right.der }
    package func hash(into hasher: inout Hasher) { hasher.combine(der) }

    // MARK: Names

    /// The common name of the subject, or an empty text if it has none. Of several, the last, as Go and Vault read it.
    package var commonName: String { texts(.RDNAttributeType.commonName).last ?? "" }
    /// The organizational units of the subject.
    package var organizationalUnits: [String] { texts(.RDNAttributeType.organizationalUnitName) }

    /// The alternative names of the kind DNS.
    package var dnsNames: [String] { alternatives { if case .dnsName(let name) = $0 { name } else { nil } } }
    /// The alternative names of the kind e-mail (RFC 822).
    package var emailAddresses: [String] { alternatives { if case .rfc822Name(let name) = $0 { name } else { nil } } }
    /// The alternative names of the kind URI.
    package var uris: [String] { alternatives { if case .uniformResourceIdentifier(let name) = $0 { name } else { nil } } }

    /// The most names of one kind that are read.
    private static let namesMax = 64

    private func texts(_ type: ASN1ObjectIdentifier) -> [String] {
        Array(
            certificate.subject.joined().lazy.filter { $0.type == type }.compactMap { String($0.value) }
                .filter { !$0.utf8.contains(0) }.prefix(Self.namesMax))
    }

    private func alternatives(_ text: (GeneralName) -> String?) -> [String] {
        let names = (try? certificate.extensions.subjectAlternativeNames) ?? SubjectAlternativeNames()
        return Array(names.lazy.compactMap(text).filter { !$0.isEmpty && !$0.utf8.contains(0) }.prefix(Self.namesMax))
    }

    // MARK: Numbers and identifiers

    /// The bytes of the serial number, without leading zeros.
    package var serialBytes: [UInt8] { Array(certificate.serialNumber.bytes.drop { $0 == 0 }) }
    /// The serial number in decimal digits, as Vault shows it.
    package var serialText: String { DecimalText.of(serialBytes) }
    /// The identifier of the certificate's key, in hex with colons; empty if it has none.
    package var subjectKeyID: String {
        ((try? certificate.extensions.subjectKeyIdentifier)?.keyIdentifier).map(Self.withColons) ?? ""
    }
    /// The identifier of the issuer's key, in hex with colons; empty if it has none.
    package var authorityKeyID: String {
        ((try? certificate.extensions.authorityKeyIdentifier)?.keyIdentifier).map(Self.withColons) ?? ""
    }

    private static func withColons(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { Hex.encode([$0]) }.joined(separator: ":")
    }

    // MARK: Uses and dates

    /// Whether it says of itself that it may issue certificates.
    package var isAuthority: Bool {
        guard case .isCertificateAuthority? = (try? certificate.extensions.basicConstraints) else { return false }
        return true
    }

    /// Whether a client may use it to log in: its extended key usages, if it names any, include client authentication.
    package var isForClients: Bool { Self.isForClients(certificate) }

    static func isForClients(_ certificate: Certificate) -> Bool {
        // An extension that cannot be read allows nothing.
        guard certificate.extensions[oid: .X509ExtensionID.extendedKeyUsage] != nil else { return true }
        guard let usages = try? certificate.extensions.extendedKeyUsage else { return false }
        return usages.contains { $0 == .clientAuth || $0 == .any }
    }

    /// Whether the moment, in seconds since 1970, is within the certificate's dates.
    package func isValid(at seconds: Int) -> Bool {
        let moment = Double(seconds)
        return certificate.notValidBefore.timeIntervalSince1970 <= moment
            && moment <= certificate.notValidAfter.timeIntervalSince1970
    }

    /// The URLs of its OCSP responders.
    package var ocspServers: [String] {
        let places = (try? certificate.extensions.authorityInformationAccess) ?? AuthorityInformationAccess()
        let urls = places.lazy.filter { $0.method == .ocspServer }.compactMap { place -> String? in
            if case .uniformResourceIdentifier(let url) = place.location { url } else { nil }
        }
        return Array(urls.prefix(8))
    }

    // MARK: Extensions

    /// Returns the content of the extension with this identifier, such as `1.3.6.1.4.1.311.20.2`, or nil if there is none.
    package func extensionBytes(_ oid: String) -> [UInt8]? {
        certificate.extensions.first { Self.text($0.oid) == oid }.map { Array($0.value) }
    }

    /// Returns the content of the extension as a text: that of an ASN.1 string, or an empty text for anything else.
    package func extensionText(_ oid: String) -> String? { extensionBytes(oid).map { Self.string($0) ?? "" } }

    /// Returns an identifier as numbers with dots.
    private static func text(_ oid: ASN1ObjectIdentifier) -> String {
        oid.oidComponents.map { String($0) }.joined(separator: ".")
    }

    /// Returns the text of an ASN.1 string, or nil for another structure.
    package static func string(_ der: [UInt8]) -> String? {
        guard let node = try? DER.parse(der), case .primitive(let bytes) = node.content else { return nil }
        switch node.identifier {
        case .utf8String, .printableString, .ia5String, .numericString:
            return String(validating: bytes, as: UTF8.self)
        default: return nil
        }
    }
}

/// Numbers of any length in decimal digits.
enum DecimalText {
    /// Returns the decimal digits of a number of big-endian bytes. The time grows with the square of their count, which a serial
    /// number bounds to 20 (RFC 5280, 4.1.2.2); of longer ones the hexadecimal digits are returned.
    static func of(_ bytes: [UInt8]) -> String {
        guard bytes.count <= 64 else { return "0x" + Hex.encode(bytes) }
        var digits: [UInt8] = [0]
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                let value = Int(digits[index]) * 256 + carry
                digits[index] = UInt8(value % 10)
                carry = value / 10
            }
            while carry > 0 {
                digits.append(UInt8(carry % 10))
                carry /= 10
            }
        }
        return String(decoding: digits.reversed().map { $0 + 0x30 }, as: UTF8.self)
    }
}

extension ClientCertificate {
    /// Returns the certificate that issued this one: its subject is the issuer's, and its key made the signature.
    package func issuer(among certificates: [ClientCertificate]) -> ClientCertificate? {
        certificates.first {
            $0.certificate.subject == certificate.issuer
                && $0.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
        }
    }
}
