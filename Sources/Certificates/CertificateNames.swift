import SwiftASN1
import Syntax
import X509

/// The names in a certificate that was verified before: the subject, its common names and the alternative names.
///
/// The subject has the form of RFC 4514, such as `CN=billing,O=Example`. The other names are returned with and without
/// their kind: `CN=billing` and `billing`, `DNS:a.example` and `a.example`, `URI:…`, `EMAIL:…`.
package enum CertificateNames {
    private static let namesMax = 64
    private static let kinds = ["DNS:", "URI:", "EMAIL:"]

    /// Returns the names in a certificate, or none if X509 cannot read `der`.
    package static func names(inDER der: [UInt8]) -> [String] {
        guard let certificate = try? Certificate(der: der) else { return [] }
        return names(of: certificate)
    }

    private static func names(of certificate: Certificate) -> [String] {
        var names: [String] = []
        func add(_ kind: String, _ name: String, written: String? = nil) {
            guard names.count < 2 * namesMax, !name.isEmpty, !name.utf8.contains(0) else { return }
            names.append(kind + (written ?? name))
            // A name such as `URI:…` or `CN=…` is returned only with its kind, because it could be mistaken for another
            // name.
            if !name.containsUTF8("="), !kinds.contains(where: name.hasUTF8Prefix) { names.append(name) }
        }
        for attribute in certificate.subject.joined() where attribute.type == .RDNAttributeType.commonName {
            // Commas are escaped, so that a common name cannot look like a longer subject.
            if let name = String(attribute.value) { add("CN=", name, written: attribute.value.description) }
        }
        let subject = certificate.subject.description
        if !subject.isEmpty, !names.contains(subject) { names.append(subject) }
        for alternative in (try? certificate.extensions.subjectAlternativeNames) ?? SubjectAlternativeNames() {
            switch alternative {
            case .dnsName(let name): add("DNS:", name)
            case .uniformResourceIdentifier(let name): add("URI:", name)
            case .rfc822Name(let name): add("EMAIL:", name)
            default: continue
            }
        }
        return names
    }
}
