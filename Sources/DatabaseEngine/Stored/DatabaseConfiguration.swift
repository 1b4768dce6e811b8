import EngineKit
import Records
import Syntax

/// A connection to a database server, at `config/:name`.
struct DatabaseConfiguration: Record, Hashable {
    var plugin: String
    /// The settings of the plugin, including secret ones.
    var details = JSONObject()
    var username = ""
    var password = ""
    /// The new root password while it is being changed. It is then not known which of the two is in force.
    var pendingPassword: String?
    var allowedRoles: [String] = []
    var usernameTemplate = ""
    var passwordPolicy = ""
    var rootRotationStatements: [String] = []
    var verifiesConnection = true
    var rotatedAt: Timestamp?

    init(plugin: String) { self.plugin = plugin }

    /// Whether a role may use the connection. The list contains names, `*` for every role, and globs such as `app-*`.
    func allows(role: String) -> Bool { allowedRoles.contains { role.matchesUTF8($0) } }
}

extension DatabaseConfiguration: SettingsRecord {
    private static let rolesMax = 1_000

    static let settings = Settings(
        new: DatabaseConfiguration(plugin: ""), required: ["plugin", "details", "password"],
        .kept("plugin", \.plugin, as: .text), .kept("details", \.details, as: .object),
        Setting("username", \.username, as: .login, help: "The user that Coffer logs in with."),
        Setting("password", \.password, as: .login, help: "Its password. Never shown."),
        Setting(
            "allowed_roles", \.allowedRoles,
            as: .names { names, name throws(CofferError) in
                guard names.count <= rolesMax else { throw .invalid("field '\(name)' may have \(rolesMax) names at most") }
                return names
            }, help: "Roles that may use it: names, globs such as app-*, or * for all."),
        Setting("username_template", \.usernameTemplate, as: .text.hidden, help: "How users are named; see docs/database.md."),
        Setting("password_policy", \.passwordPolicy, as: .text, help: "A policy of sys/policies/password/."),
        Setting(
            "root_rotation_statements", \.rootRotationStatements, as: .statements, shown: "root_credentials_rotate_statements",
            help: "Statements that change the password of that user: a string or a list."),
        Setting(
            "verify_connection", \.verifiesConnection, as: .flag, isKept: false, help: "Log in before the connection is stored."),
        .kept("pending_password", \.pendingPassword, as: .optional(.text)),
        .kept("rotated_at", \.rotatedAt, as: .optional(.moment)))
}
