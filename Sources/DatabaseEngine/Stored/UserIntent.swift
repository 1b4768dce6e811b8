import EngineKit
import Records
import Syntax

/// Written before a user is made and deleted when its lease is on record: what is left of a crash is dropped by it.
struct UserIntent: Record, Hashable {
    var database: String
    var username: String
    var revocation: [String]
    var createdAt: Timestamp
    /// The process that wrote it.
    var process: String

    init(database: String, username: String, revocation: [String], createdAt: Timestamp, process: String) {
        self.database = database
        self.username = username
        self.revocation = revocation
        self.createdAt = createdAt
        self.process = process
    }

    var stored: JSONObject {
        [
            "db_name": .string(database), "username": .string(username), "revocation": .strings(revocation),
            "created_at": createdAt.stored, "process": .string(process),
        ]
    }

    init?(stored object: JSONObject) {
        guard let database = object["db_name"]?.stringValue, let username = object["username"]?.stringValue,
            let createdAt = object["created_at"].time
        else { return nil }
        self.init(
            database: database, username: username, revocation: object["revocation"].texts, createdAt: createdAt,
            process: object["process"].text)
    }
}

/// What the engine keeps with a lease.
struct LeasedUser: Record, Hashable {
    var database: String
    var role: String
    var username: String
    /// As the role had them, should the role be gone by then.
    var revocation: [String]
    var renewal: [String]
    /// Seconds, as they were granted.
    var ttl: Int
    var maxTTL: Int
    /// The ``UserIntent`` to delete.
    var intent: String

    init(
        database: String, role: String, username: String, revocation: [String], renewal: [String], ttl: Int, maxTTL: Int,
        intent: String
    ) {
        self.database = database
        self.role = role
        self.username = username
        self.revocation = revocation
        self.renewal = renewal
        self.ttl = ttl
        self.maxTTL = maxTTL
        self.intent = intent
    }

    var stored: JSONObject {
        [
            "db_name": .string(database), "role": .string(role), "username": .string(username), "revocation": .strings(revocation),
            "renewal": .strings(renewal), "ttl": .int(ttl), "max_ttl": .int(maxTTL), "intent": .string(intent),
        ]
    }

    init?(stored object: JSONObject) {
        guard let database = object["db_name"]?.stringValue, let role = object["role"]?.stringValue,
            let username = object["username"]?.stringValue
        else { return nil }
        self.init(
            database: database, role: role, username: username, revocation: object["revocation"].texts,
            renewal: object["renewal"].texts, ttl: object["ttl"]?.intValue ?? 0, maxTTL: object["max_ttl"]?.intValue ?? 0,
            intent: object["intent"].text)
    }
}
