import Certificates
import EngineKit
import Records
import Syntax

/// What a client's certificate must have, besides its chain, to log in with an entry. Without constraints every certificate of the
/// authority may.
struct CertificateConstraints: Sendable, Hashable {
    /// Patterns of which one must match the common name or an alternative name of any kind.
    var names: [String] = []
    var commonNames: [String] = []
    var dnsNames: [String] = []
    var emailAddresses: [String] = []
    var uris: [String] = []
    var organizationalUnits: [String] = []
    /// `oid:pattern` for the text of an extension, `hex:oid:pattern` for its bytes in hex. All must match.
    var extensions: [String] = []
    /// Identifiers of the extensions whose values become metadata.
    var metadataExtensions: [String] = []
}

extension CertificateConstraints: SettingsRecord {
    static let settings = Settings(
        new: CertificateConstraints(),
        Setting(
            "allowed_names", \.names, as: .patterns,
            help: "Patterns of which one must match the common name or an alternative name; empty for any."),
        Setting(
            "allowed_common_names", \.commonNames, as: .patterns,
            help: "Patterns of which one must match the common name; empty for any."),
        Setting(
            "allowed_dns_sans", \.dnsNames, as: .patterns,
            help: "Patterns of which one must match a DNS alternative name; empty for any."),
        Setting(
            "allowed_email_sans", \.emailAddresses, as: .patterns,
            help: "Patterns of which one must match an e-mail alternative name; empty for any."),
        Setting(
            "allowed_uri_sans", \.uris, as: .patterns,
            help: "Patterns of which one must match a URI alternative name; empty for any."),
        Setting(
            "allowed_organizational_units", \.organizationalUnits, as: .patterns,
            help: "Patterns of which one must match an organizational unit of the subject; empty for any."),
        Setting(
            "required_extensions", \.extensions, as: .patterns(check: ExtensionConstraint.check),
            help: "Extensions that must be there, each as oid:pattern for text or hex:oid:pattern for bytes; all must match."),
        Setting(
            "allowed_metadata_extensions", \.metadataExtensions, as: .patterns(check: ExtensionConstraint.checkOID),
            help: "Identifiers of extensions whose values become metadata, with dashes in place of dots."))

    /// Whether a client may log in with the certificate.
    func allow(_ leaf: ClientCertificate) -> Bool {
        let (common, dns, emails, uris) = ([leaf.commonName], leaf.dnsNames, leaf.emailAddresses, leaf.uris)
        return NamePattern.allow(common + dns + emails + uris, names) && NamePattern.allow(common, commonNames)
            && NamePattern.allow(dns, dnsNames) && NamePattern.allow(emails, emailAddresses)
            && NamePattern.allow(uris, self.uris) && NamePattern.allow(leaf.organizationalUnits, organizationalUnits)
            && extensions.allSatisfy { ExtensionConstraint($0)?.allows(leaf) == true }
    }

    private static let metadataBytesMax = 1_024

    /// Returns the values of the extensions that become metadata: texts as they are, other values in hex.
    func metadata(of leaf: ClientCertificate) -> [String: String] {
        var metadata: [String: String] = [:]
        for oid in metadataExtensions {
            guard let bytes = leaf.extensionBytes(oid), bytes.count <= Self.metadataBytesMax else { continue }
            metadata[oid.replacingUTF8(".", with: "-")] = ClientCertificate.string(bytes) ?? Hex.encode(bytes)
        }
        return metadata
    }
}

/// One element of `required_extensions`.
struct ExtensionConstraint: Sendable {
    private let oid: String
    private let pattern: String
    private let isHex: Bool

    /// Returns nil for a text of another form.
    init?(_ text: String) {
        let rest = text.removingUTF8Prefix("hex:")
        guard let (oid, pattern) = (rest ?? text[...]).cutUTF8(at: ":"), Self.isOID(String(oid)) else { return nil }
        self.oid = String(oid)
        self.pattern = rest == nil ? String(pattern) : pattern.lowercased()
        isHex = rest != nil
    }

    func allows(_ leaf: ClientCertificate) -> Bool {
        let value = isHex ? leaf.extensionBytes(oid).map { Hex.encode($0) } : leaf.extensionText(oid)
        return value.map { $0.matchesUTF8(pattern) } ?? false
    }

    /// Whether the text is numbers with dots.
    private static func isOID(_ text: String) -> Bool {
        let parts = text.splitUTF8(at: ".", omittingEmpty: false)
        return parts.count >= 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(\.isASCIIDigit) }
    }

    static func check(_ text: String, field name: String) throws(CofferError) {
        guard ExtensionConstraint(text) != nil else {
            throw .invalid("each element of field '\(name)' must be oid:value or hex:oid:value")
        }
    }

    static func checkOID(_ text: String, field name: String) throws(CofferError) {
        guard isOID(text) else { throw .invalid("each element of field '\(name)' must be an object identifier") }
    }
}
