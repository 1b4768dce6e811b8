import EngineKit
import Outbound
import Records

/// Whether and how an entry asks OCSP responders about a client's certificate.
struct OCSPSettings: Sendable, Hashable {
    var isEnabled = false
    /// Certificates whose keys may sign answers, in addition to the issuer's.
    var responders = CertificateBundle.none
    /// URLs to ask in place of those in the certificate.
    var servers: [String] = []
    /// Whether a login goes on when no responder says anything of use.
    var failsOpen = false
    /// Whether all servers must agree. Otherwise the first answer decides.
    var asksAll = false
    /// The oldest answer that is accepted, in seconds; 0 for as old as it says itself.
    var ageMax = 0
    var retriesMax = 4

    static let serversMax = 8
}

extension OCSPSettings: SettingsRecord {
    static let settings = Settings(
        new: OCSPSettings(),
        Setting("ocsp_enabled", \.isEnabled, as: .flag, help: "Whether logins ask OCSP responders."),
        Setting(
            "ocsp_ca_certificates", \.responders, as: .certificates,
            help: "Certificates whose keys may sign OCSP answers, in addition to the issuer's."),
        Setting(
            "ocsp_servers_override", \.servers, as: .patterns(check: checkServer),
            help: "URLs of the responders to ask in place of those in the certificate."),
        Setting(
            "ocsp_fail_open", \.failsOpen, as: .flag,
            help: "Whether a login goes on when no responder gives an answer that says good or revoked."),
        Setting(
            "ocsp_query_all_servers", \.asksAll, as: .flag,
            help: "Whether all responders must agree; otherwise the first answer decides."),
        Setting(
            "ocsp_this_update_max_age", \.ageMax, as: .duration,
            help: "The oldest OCSP answer that is accepted; 0 for as old as it says itself."),
        Setting(
            "ocsp_max_retries", \.retriesMax, as: .count(0...10), help: "How often a responder that fails is asked again."))

    func check() throws(CofferError) {
        guard servers.count <= Self.serversMax else {
            throw .invalid("field 'ocsp_servers_override' may have \(Self.serversMax) elements at most")
        }
    }

    private static func checkServer(_ url: String, field name: String) throws(CofferError) {
        guard OutboundURL(url) != nil else { throw .invalid("each element of field '\(name)' must be an http or https URL") }
    }
}
