import EngineKit
import Records
import Syntax

/// A role of the AppRole method: who may log in with it, and the settings of its secret ids and tokens.
struct AppRole: Record, Hashable {
    private(set) var name: String
    /// An id that names the records of this role. A later role of the same name has a different one.
    private(set) var uid: String
    /// The id by which a login names the role. Callers that may read the role see it, so it is not a secret.
    var roleID: String
    var bindsSecretID = true
    var secretIDBounds = AddressBounds()
    /// The number of logins that a secret id is valid for; 0 for any number.
    var secretIDUses = 0
    /// How long a secret id is valid, in seconds; 0 for no limit.
    var secretIDTTL = 0
    var hasLocalSecretIDs = false
    var tokens = TokenFields()
}

extension AppRole: SettingsRecord {
    static let settings = Settings(
        new: AppRole(name: "", uid: "", roleID: ""), sortsShown: true,
        .kept("name", \.name, as: .text), .kept("uid", \.uid, as: .text),
        Setting("role_id", \.roleID, as: .text(check: checkRoleID).hidden, help: "The role id to use instead of a random one."),
        Setting("bind_secret_id", \.bindsSecretID, as: .flag, stored: "bind", help: "Whether a login needs a secret id."),
        Setting(
            "secret_id_bound_cidrs", \.secretIDBounds, as: .addressesOrNull, stored: "secret_cidrs",
            old: .accepted("bound_cidr_list"), help: "Address ranges that may log in with the role's secret ids."),
        Setting(
            "secret_id_num_uses", \.secretIDUses, as: .count(0...SecretIDTerms.usesMax), stored: "secret_uses",
            help: "Logins that a secret id is good for; 0 for any number."),
        Setting(
            "secret_id_ttl", \.secretIDTTL, as: .duration, stored: "secret_ttl",
            help: "How long a secret id is valid; 0 for ever."),
        Setting(
            "local_secret_ids", \.hasLocalSecretIDs, as: .flag, stored: "local",
            help: "Keep secret ids on this cluster; can only be set when the role is created."),
        .group(\.tokens, stored: "tokens", oldNames: ["policies", "period"]))

    static let roleIDBytesMax = 256

    static func checkRoleID(_ text: String, field: String) throws(CofferError) {
        guard (1...roleIDBytesMax).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw .invalid("field '\(field)' must have 1 to \(roleIDBytesMax) bytes, none of them control characters")
        }
    }

    /// Refuses a role that anybody could log in with.
    func check() throws(CofferError) {
        guard bindsSecretID || !secretIDBounds.isEmpty || !tokens.bounds.isEmpty else {
            throw .invalid("at least one constraint should be enabled on the role")
        }
    }
}
