import EngineKit
import Records
import Syntax

/// A static role, at `static-roles/:name`: one user of the database whose password is changed regularly.
struct StaticRole: Record, Hashable {
    var database = ""
    var username = ""
    var password = ""
    /// The new password while it is being changed. It is then not known which of the two is in force.
    var pendingPassword: String?
    var rotation: Rotation
    var statements: [String] = []
    var credentialType = CredentialType.password
    var passwordPolicy = ""
    var rotatedAt: Timestamp?
    /// When the next rotation, or the next attempt at one, is due. The index of due rotations has the same time.
    var nextRotationAt: Timestamp
    /// When the rotation was due before any attempt failed.
    fileprivate(set) var dueAt: Timestamp
    var failures = 0

    init(rotation: Rotation, nextRotationAt: Timestamp) {
        self.rotation = rotation
        self.nextRotationAt = nextRotationAt
        dueAt = nextRotationAt
    }

    mutating func plan(_ time: Timestamp) {
        nextRotationAt = time
        dueAt = time
    }

    /// Records of older servers have no `due_at`. It is then the time of the next rotation.
    init?(stored object: JSONObject) {
        guard var role = Self.settings.read(object) else { return nil }
        if object["due_at"] == nil { role.dueAt = role.nextRotationAt }
        self = role
    }
}

extension StaticRole: SettingsRecord {
    static let settings = Settings(
        new: StaticRole(rotation: .every(86_400), nextRotationAt: Timestamp(seconds: 0)),
        required: ["db_name", "username", "password", "rotation", "next_rotation_at"],
        Setting("db_name", \.database, as: .text, help: "The connection."),
        Setting("username", \.username, as: .text, help: "The user, which must exist."),
        .kept("password", \.password, as: .text), .kept("rotation", \.rotation, as: .rotation),
        Setting(
            "rotation_statements", \.statements, as: .statements, stored: "statements",
            help: "Statements to use instead of the plugin's own."),
        Setting(
            "credential_type", \.credentialType, as: .credentialType, isKept: false,
            help: "The type of the credentials; only password."),
        Setting(
            "credential_config", \.passwordPolicy, as: .credentialConfiguration, stored: "password_policy",
            help: "password_policy: the policy to use instead of the connection's."),
        .kept("next_rotation_at", \.nextRotationAt, as: .moment), .kept("due_at", \.dueAt, as: .moment),
        .kept("failures", \.failures, as: .count()), .kept("pending_password", \.pendingPassword, as: .optional(.text)),
        .kept("rotated_at", \.rotatedAt, as: .optional(.moment)))

    func check() throws(CofferError) {
        guard !database.isEmpty else { throw .invalid("database name is required to create static role") }
        guard !username.isEmpty else { throw .invalid("username is a required field to create a static account") }
    }

    var shown: JSONObject {
        var shown = Self.settings.shown(self)
        shown["last_vault_rotation"] = .optional(rotatedAt?.description)
        for member in rotation.shown { shown[member.key] = member.value }
        return shown
    }
}

/// When the password of a static role is changed.
enum Rotation: Sendable, Hashable {
    /// This many seconds after the last change.
    case every(Int)
    /// At the times of a schedule. If the window, in seconds, is above 0, a change that could not be made within it waits
    /// for the next time.
    case schedule(CronSchedule, window: Int)

    /// Returns the first time after `time`.
    func next(after time: Timestamp) -> Timestamp {
        switch self {
        case .every(let seconds): time.adding(seconds: seconds)
        case .schedule(let schedule, _): schedule.next(after: time) ?? time.adding(seconds: 366 * 86_400)
        }
    }

    /// Whether a change that was due at `dueAt` may still be made now.
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
