import EngineKit
import Records
import Syntax

/// A role of `roles/:name`: how users are made for those who ask.
struct Role: Record, Hashable {
    var database: String
    var creation: [String] = []
    var revocation: [String] = []
    var renewal: [String] = []
    var rollback: [String] = []
    /// Seconds; 0 means the mount's.
    var defaultTTL = 0
    var maxTTL = 0
    /// Goes before the connection's.
    var passwordPolicy = ""

    init(database: String) { self.database = database }

    var stored: JSONObject {
        [
            "db_name": .string(database), "creation": .strings(creation), "revocation": .strings(revocation),
            "renewal": .strings(renewal), "rollback": .strings(rollback), "default_ttl": .int(defaultTTL), "max_ttl": .int(maxTTL),
            "password_policy": .string(passwordPolicy),
        ]
    }

    init?(stored object: JSONObject) {
        guard let database = object["db_name"]?.stringValue else { return nil }
        self.database = database
        creation = object["creation"].texts
        revocation = object["revocation"].texts
        renewal = object["renewal"].texts
        rollback = object["rollback"].texts
        defaultTTL = object["default_ttl"]?.intValue ?? 0
        maxTTL = object["max_ttl"]?.intValue ?? 0
        passwordPolicy = object["password_policy"].text
    }

    var shown: JSONObject {
        var shown: JSONObject = [
            "db_name": .string(database), "creation_statements": .strings(creation), "revocation_statements": .strings(revocation),
            "renew_statements": .strings(renewal), "rollback_statements": .strings(rollback), "default_ttl": .int(defaultTTL),
            "max_ttl": .int(maxTTL), "credential_type": "password",
        ]
        if !passwordPolicy.isEmpty { shown["credential_config"] = ["password_policy": .string(passwordPolicy)] }
        return shown
    }
}
