import EngineKit
import Records
import Syntax

/// A configured database server: `config/:name`.
struct DatabaseConfiguration: Record, Hashable {
    var plugin: String
    /// The plugin's settings, secret ones too.
    var details = JSONObject()
    var username = ""
    var password = ""
    /// Set while the root password is being changed: one of the two is in force.
    var pendingPassword: String?
    var allowedRoles: [String] = []
    var usernameTemplate = ""
    var passwordPolicy = ""
    var rootRotationStatements: [String] = []
    var verifiesConnection = true
    var rotatedAt: Timestamp?

    init(plugin: String) { self.plugin = plugin }

    /// Names as they are, `*` for every role, and globs such as `app-*`.
    func allows(role: String) -> Bool { allowedRoles.contains { Glob.matches(role, $0) } }

    var stored: JSONObject {
        var object: JSONObject = [
            "plugin": .string(plugin), "details": .object(details), "username": .string(username), "password": .string(password),
            "allowed_roles": .strings(allowedRoles), "username_template": .string(usernameTemplate),
            "password_policy": .string(passwordPolicy), "root_rotation_statements": .strings(rootRotationStatements),
            "verify_connection": .bool(verifiesConnection),
        ]
        object["pending_password"] = pendingPassword.map { .string($0) }
        object["rotated_at"] = rotatedAt?.stored
        return object
    }

    init?(stored object: JSONObject) {
        guard let plugin = object["plugin"]?.stringValue, let details = object["details"]?.objectValue,
            let password = object["password"]?.stringValue
        else { return nil }
        self.plugin = plugin
        self.details = details
        self.password = password
        username = object["username"].text
        pendingPassword = object["pending_password"]?.stringValue
        allowedRoles = object["allowed_roles"].texts
        usernameTemplate = object["username_template"].text
        passwordPolicy = object["password_policy"].text
        rootRotationStatements = object["root_rotation_statements"].texts
        verifiesConnection = object["verify_connection"]?.boolValue ?? true
        rotatedAt = object["rotated_at"].time
    }
}

/// Patterns in which `*` stands for anything.
enum Glob {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
        var rest = Array(text.utf8)[...]
        guard parts.count > 1 else { return Array(rest) == parts[0] }
        guard rest.starts(with: parts[0]) else { return false }
        rest = rest.dropFirst(parts[0].count)
        for part in parts[1..<(parts.count - 1)] where !part.isEmpty {
            guard let start = rest.indices.first(where: { rest[$0...].starts(with: part) }) else { return false }
            rest = rest[(start + part.count)...]
        }
        let last = parts[parts.count - 1]
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}
