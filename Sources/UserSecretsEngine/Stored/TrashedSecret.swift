import EngineKit
import Records
import Syntax

/// A deleted secret, which can be restored for a while. Its earlier values and its use stay where they are.
struct TrashedSecret: Record {
    var secret: UserSecret
    var deletedAt: Timestamp
    var deletedBy: String

    /// How long a deleted secret can be restored.
    static let daysKept = 30

    /// When the secret is deleted for good.
    var purgeAt: Timestamp { deletedAt.adding(seconds: Self.daysKept * 86_400) }

    init(secret: UserSecret, deletedAt: Timestamp, deletedBy: String) {
        self.secret = secret
        self.deletedAt = deletedAt
        self.deletedBy = deletedBy
    }

    var stored: JSONObject {
        [
            "deleted_at": .int(deletedAt.nanoseconds), "deleted_by": .string(deletedBy), "secret": .object(secret.stored),
        ]
    }

    init?(stored object: JSONObject) {
        guard let deletedAt = object["deleted_at"]?.momentValue, let deletedBy = object["deleted_by"]?.stringValue,
            let secret = object["secret"].flatMap(UserSecret.init(stored:))
        else { return nil }
        self.init(secret: secret, deletedAt: deletedAt, deletedBy: deletedBy)
    }
}
