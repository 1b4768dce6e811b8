import EngineKit
import Outbound
import Records
import Syntax

/// The cluster of a mount of the Kubernetes method, and how it is asked.
struct KubernetesConfiguration: Record, Hashable {
    /// The URL of the cluster's API.
    var host = ""
    /// The authority of the API's certificate in PEM; empty for that of the pod or of the system.
    var authority = CertificateBundle.none
    /// The token that asks about other tokens; empty for the pod's own, or that of the login itself.
    var reviewer = ""
    /// Whether the issuer of tokens is left unchecked.
    var ignoresIssuer = true
    var issuer = ""
    /// Whether the files of the pod that the server runs in are left unused.
    var ignoresPod = false
    /// Keys of which one must have signed each token; none to leave signatures to the cluster.
    var keys = PublicKeyList.none

    static let defaultIssuer = "kubernetes/serviceaccount"
}

extension KubernetesConfiguration: SettingsRecord {
    static let settings = Settings(
        new: KubernetesConfiguration(),
        Setting("kubernetes_host", \.host, as: .apiURL, help: "The URL of the cluster's API."),
        Setting(
            "kubernetes_ca_cert", \.authority, as: .certificates,
            help: "The authority of the API's certificate in PEM; empty for that of the pod, or of the system."),
        Setting(
            "token_reviewer_jwt", \.reviewer, as: .reviewer,
            help: "The token that asks about others; empty for the pod's own, or that of the login. Never shown."),
        Setting(
            "disable_iss_validation", \.ignoresIssuer, as: .flag, help: "Whether the issuer of tokens is left unchecked."),
        Setting("issuer", \.issuer, as: .text, help: "The issuer of tokens; empty for \(defaultIssuer)."),
        Setting(
            "disable_local_ca_jwt", \.ignoresPod, as: .flag,
            help: "Whether the token and the authority of the pod that the server runs in are left unused."),
        Setting(
            "pem_keys", \.keys, as: .publicKeys(keepsEmpty: false),
            help:
                "Public keys or certificates as PEM, of which one must have signed each token. The cluster is asked as well; empty to leave signatures to it."
        ))

    func check() throws(CofferError) {
        guard !host.isEmpty else { throw .invalid("no host provided") }
        guard !ignoresPod || !authority.certificates.isEmpty else {
            throw .invalid("kubernetes_ca_cert must be given when disable_local_ca_jwt is true")
        }
    }
}

extension SettingKind where Value == String {
    /// The URL of an API, without a path's end. A host without a scheme is one of https.
    fileprivate static var apiURL: Self {
        Self(
            .string, shown: { .string($0) }, read: { $0.stringValue },
            normalize: { text, name throws(CofferError) in
                guard !text.isEmpty else { return text }
                let url = text.containsUTF8("://") ? text : "https://" + text
                let trimmed = String(url.trimmingUTF8(where: { $0 == UInt8(ascii: "/") }))
                guard let read = OutboundURL(trimmed), !read.target.utf8.contains(UInt8(ascii: "?")) else {
                    throw .invalid("field '\(name)' must be an http or https URL")
                }
                return trimmed
            })
    }

    /// A service account's token, which is stored and never shown.
    fileprivate static var reviewer: Self {
        Self(
            .string, shown: { _ in nil }, stored: { .string($0) }, read: { $0.stringValue },
            normalize: { text, _ throws(CofferError) in
                let token = String(text.trimmingASCIISpace())
                // The text is Vault's, which answers with 500 though the caller is at fault.
                guard token.isEmpty || token.splitUTF8(at: ".", omittingEmpty: false).count == 3 else {
                    throw .invalid("compact JWS format must have three parts")
                }
                guard token.utf8.count <= ServiceAccountToken.bytesMax, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                    throw .invalid("field 'token_reviewer_jwt' must be a JSON web token")
                }
                return token
            })
    }
}
