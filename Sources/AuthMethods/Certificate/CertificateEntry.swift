import Certificates
import EngineKit
import Records

/// An entry of the certificate method: a certificate that is trusted for logins, who may use it, and what the tokens are like.
struct CertificateEntry: NamedAccount, Hashable {
    private(set) var name: String
    /// An id that differs from that of a later entry of the same name.
    private(set) var uid: String
    /// An authority, whose certificates may log in, or one certificate that may log in itself.
    var trusted = CertificateBundle.none
    var displayName = ""
    var constraints = CertificateConstraints()
    var ocsp = OCSPSettings()
    var tokens = TokenFields()

    init(name: String, uid: String) {
        self.name = name
        self.uid = uid
    }
}

extension CertificateEntry {
    static let settings = Settings(
        new: CertificateEntry(name: "", uid: ""), sortsShown: true,
        .kept("name", \.name, as: .text), .kept("uid", \.uid, as: .text),
        Setting(
            "certificate", \.trusted, as: .certificates,
            help: "The trusted certificate in PEM: of an authority, whose certificates may log in, or of one client."),
        Setting(
            "display_name", \.displayName, as: .text(check: checkDisplayName), help: "The name in the audit; empty for the entry's."
        ),
        .group(\.constraints, stored: "constraints"), .group(\.ocsp, stored: "ocsp"),
        .tokens(\.tokens))

    private static let displayNameBytesMax = 128

    static func checkDisplayName(_ text: String, field name: String) throws(CofferError) {
        guard text.utf8.count <= displayNameBytesMax, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid("field '\(name)' may have \(displayNameBytesMax) bytes at most, none of them control characters")
        }
    }

    func check() throws(CofferError) {
        guard let first = trusted.certificates.first else { throw .invalid("failed to parse certificate") }
        // Nothing would look at the others.
        guard trusted.certificates.count == 1 || trusted.certificates.allSatisfy(\.isAuthority) else {
            throw .invalid(
                "field 'certificate' may have several authorities, or one certificate of a client and nothing else; write an entry for "
                    + "each client")
        }
        guard first.isAuthority || first.isForClients else {
            throw .invalid("nonCA certificates should have TLS client authentication set as an extended key usage")
        }
    }

    /// Returns the chain by which the entry trusts what a client presented, or nil if it does not.
    ///
    /// A certificate that is trusted itself is compared as a whole: another one with the same key, or the same names and numbers, is
    /// not the same.
    ///
    /// - Parameter seconds: The present moment, in seconds since 1970.
    func chain(of presented: [ClientCertificate], at seconds: Int) async -> ClientChain? {
        if trusted.isOfAuthority { return await ClientChain(presented, to: trusted.authorities, at: seconds) }
        guard let leaf = presented.first, leaf == trusted.certificates.first else { return nil }
        return ClientChain(configured: leaf, at: seconds)
    }
}
