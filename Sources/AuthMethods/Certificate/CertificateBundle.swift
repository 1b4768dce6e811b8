import Certificates
import EngineKit
import Records
import Syntax

/// The certificates of a PEM text that an operator wrote, and the text.
struct CertificateBundle: Sendable, Hashable {
    let pem: String
    let certificates: [ClientCertificate]

    static let none = CertificateBundle()
    static let bytesMax = 64 << 10
    private static let countMax = 16

    private init() { (pem, certificates) = ("", []) }

    /// Returns nil if the text has no certificates, or one that is malformed. An empty text has none and is read.
    init?(pem: String) {
        guard !pem.isEmpty else {
            self = .none
            return
        }
        guard pem.utf8.count <= Self.bytesMax,
            let certificates = ClientCertificate.all(inPEM: pem, countMax: Self.countMax)
        else { return nil }
        (self.pem, self.certificates) = (pem, certificates)
    }

    /// Whether the first certificate is that of an authority, so that the certificates it issued are trusted.
    var isOfAuthority: Bool { certificates.first?.isAuthority == true }
    /// The certificates that may issue others.
    var authorities: [ClientCertificate] { certificates.filter(\.isAuthority) }

    static func == (left: CertificateBundle, right: CertificateBundle) -> Bool { left.pem == right.pem }
    func hash(into hasher: inout Hasher) { hasher.combine(pem) }
}

extension SettingKind where Value == CertificateBundle {
    /// Certificates as PEM.
    static var certificates: Self {
        Self(
            .string, shown: { .string($0.pem) }, read: { $0.stringValue.flatMap(CertificateBundle.init(pem:)) },
            take: { sent, name, _ throws(CofferError) in
                guard let bundle = sent.stringValue.flatMap(CertificateBundle.init(pem:)) else {
                    throw .invalid(
                        name == "certificate" ? "failed to parse certificate" : "field '\(name)' must be certificates in PEM")
                }
                return bundle
            })
    }
}
