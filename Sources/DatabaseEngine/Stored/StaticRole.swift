import EngineKit
import Records
import Syntax

/// A role of `static-roles/:name`: one user of the database whose password is changed again and again.
struct StaticRole: Record, Hashable {
    var database: String
    var username: String
    var password = ""
    /// Set while the password is being changed: one of the two is in force at the database.
    var pendingPassword: String?
    var rotation: Rotation
    var statements: [String] = []
    var passwordPolicy = ""
    var rotatedAt: Timestamp?
    /// When the next rotation, or the next attempt at one, is due. The index of what is due has the same.
    var nextRotationAt: Timestamp
    /// When it was to be, before any attempt failed.
    private(set) var dueAt: Timestamp
    var failures = 0

    init(database: String, username: String, rotation: Rotation, nextRotationAt: Timestamp) {
        self.database = database
        self.username = username
        self.rotation = rotation
        self.nextRotationAt = nextRotationAt
        dueAt = nextRotationAt
    }

    mutating func plan(_ time: Timestamp) {
        nextRotationAt = time
        dueAt = time
    }

    var stored: JSONObject {
        var object: JSONObject = [
            "db_name": .string(database), "username": .string(username), "password": .string(password),
            "rotation": .object(rotation.stored), "statements": .strings(statements), "password_policy": .string(passwordPolicy),
            "next_rotation_at": nextRotationAt.stored, "due_at": dueAt.stored, "failures": .int(failures),
        ]
        object["pending_password"] = pendingPassword.map { .string($0) }
        object["rotated_at"] = rotatedAt?.stored
        return object
    }

    init?(stored object: JSONObject) {
        guard let database = object["db_name"]?.stringValue, let username = object["username"]?.stringValue,
            let password = object["password"]?.stringValue,
            let rotation = object["rotation"]?.objectValue.flatMap(Rotation.init(stored:)),
            let next = object["next_rotation_at"].time
        else { return nil }
        self.init(database: database, username: username, rotation: rotation, nextRotationAt: next)
        self.password = password
        pendingPassword = object["pending_password"]?.stringValue
        statements = object["statements"].texts
        passwordPolicy = object["password_policy"].text
        rotatedAt = object["rotated_at"].time
        failures = object["failures"]?.countValue ?? 0
        dueAt = object["due_at"].time ?? next
    }

    var shown: JSONObject {
        var shown: JSONObject = [
            "db_name": .string(database), "username": .string(username), "rotation_statements": .strings(statements),
            "credential_type": "password", "last_vault_rotation": .optional(rotatedAt?.description),
        ]
        if !passwordPolicy.isEmpty { shown["credential_config"] = ["password_policy": .string(passwordPolicy)] }
        for member in rotation.shown { shown[member.key] = member.value }
        return shown
    }
}

/// When a password is changed.
enum Rotation: Sendable, Hashable {
    /// Seconds after the change before.
    case every(Int)
    /// At the times of a schedule. With a window above 0 (seconds), a change that could not be made within it waits for
    /// the next time.
    case schedule(CronSchedule, window: Int)

    /// The first time behind `time`.
    func next(after time: Timestamp) -> Timestamp {
        switch self {
        case .every(let seconds): time.adding(seconds: seconds)
        case .schedule(let schedule, _): schedule.next(after: time) ?? time.adding(seconds: 366 * 86_400)
        }
    }

    /// Whether a change that was due then is still to be made now.
    func isOpen(dueAt: Timestamp, now: Timestamp) -> Bool {
        guard case .schedule(_, let window) = self, window > 0 else { return true }
        return now <= dueAt.adding(seconds: window)
    }

    var shown: JSONObject {
        switch self {
        case .every(let seconds): return ["rotation_period": .int(seconds)]
        case .schedule(let schedule, let window):
            var shown: JSONObject = ["rotation_schedule": .string(schedule.text)]
            if window > 0 { shown["rotation_window"] = .int(window) }
            return shown
        }
    }

    var stored: JSONObject { shown }

    init?(stored object: JSONObject) {
        if let seconds = object["rotation_period"]?.intValue {
            self = .every(seconds)
        } else if let schedule = object["rotation_schedule"]?.stringValue.flatMap({ try? CronSchedule($0) }) {
            self = .schedule(schedule, window: object["rotation_window"]?.intValue ?? 0)
        } else {
            return nil
        }
    }
}
