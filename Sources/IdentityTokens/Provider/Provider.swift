import EngineKit
import Identity
import Records
import Syntax

/// An OpenID provider: an issuer with the clients and scopes that it serves.
struct Provider: Record, Hashable {
    /// Scheme, host and port; empty for the address of the server.
    var issuer = ""
    /// The client ids that it serves; `*` for all.
    var allowedClientIDs: [String] = []
    /// The names of the scopes that it offers besides `openid`.
    var scopes: [String] = []

    /// The provider that exists without being made, and cannot be deleted.
    static let defaultName = "default"
    /// The default provider until it is changed: for all clients.
    static let byDefault = Provider(allowedClientIDs: ["*"])

    /// Whether a client may use the provider.
    func allows(clientID: String) -> Bool { allowedClientIDs.contains { $0 == "*" || $0.equalsUTF8(clientID) } }
}

extension Provider: SettingsRecord {
    static let settings = Settings(
        new: Provider(),
        Setting(
            "allowed_client_ids", \.allowedClientIDs,
            as: .names { ids, name throws(CofferError) in
                guard ids.count <= 1_000 else { throw .invalid("field '\(name)' may have 1,000 client ids at most") }
                for id in ids { try KeySettings.checkClientID(id, field: name) }
                return ids
            }, help: "The client ids that the provider serves; \"*\" for all. None by default."),
        Setting(
            "issuer", \.issuer, as: .text(check: IssuerConfiguration.check),
            help: "Scheme, host and port that tokens name as their issuer; by default the api_addr of the server."),
        Setting(
            "scopes_supported", \.scopes,
            as: .names { names, name throws(CofferError) in try ObjectName.list(names, field: name, max: 64) },
            help: "The scopes that clients can ask for besides openid."))
}
