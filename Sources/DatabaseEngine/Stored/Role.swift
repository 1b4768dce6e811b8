import EngineKit
import Records
import Syntax

/// A role, at `roles/:name`: how users are created on request.
struct Role: Record, Hashable {
    var database = ""
    var creation: [String] = []
    var revocation: [String] = []
    var renewal: [String] = []
    var rollback: [String] = []
    /// The TTL of a lease in seconds; 0 for the mount's. The maximum TTL is in seconds, too.
    var defaultTTL = 0
    var maxTTL = 0
    var credentialType = CredentialType.password
    /// The password policy; empty for that of the connection.
    var passwordPolicy = ""
}

extension Role: SettingsRecord {
    static let settings = Settings(
        new: Role(), required: ["db_name"],
        Setting("db_name", \.database, as: .text, help: "The connection."),
        Setting(
            "creation_statements", \.creation, as: .statements, stored: "creation",
            help: "Statements that create a user: a string or a list. {{name}}, {{password}} and {{expiration}} are replaced."),
        Setting(
            "revocation_statements", \.revocation, as: .statements, stored: "revocation",
            help: "Statements to use instead of the plugin's own."),
        Setting(
            "renew_statements", \.renewal, as: .statements, stored: "renewal",
            help: "Statements to use instead of the plugin's own."),
        Setting(
            "rollback_statements", \.rollback, as: .statements, stored: "rollback",
            help: "Statements to run after a failed creation."),
        Setting("default_ttl", \.defaultTTL, as: .duration, help: "The TTL of a lease; 0 for the mount's."),
        Setting("max_ttl", \.maxTTL, as: .duration, help: "The maximum TTL of a lease; 0 for the mount's."),
        Setting(
            "credential_type", \.credentialType, as: .credentialType, isKept: false,
            help: "The type of the credentials; only password."),
        Setting(
            "credential_config", \.passwordPolicy, as: .credentialConfiguration, stored: "password_policy",
            help: "password_policy: the policy to use instead of the connection's."))

    func check() throws(CofferError) {
        guard !database.isEmpty else { throw .invalid("database name is required") }
        guard maxTTL == 0 || defaultTTL <= maxTTL else { throw .invalid("default_ttl may not be greater than max_ttl") }
        guard !creation.isEmpty else { throw .invalid("the role has no creation_statements") }
    }
}
