import EngineKit
import Records
import Syntax

/// A record that a user is about to be created. It is written before the user is created and deleted when the lease is
/// stored, so that after a crash the user can be found and dropped.
struct UserIntent: Record, Hashable {
    var database = ""
    var username = ""
    var revocation: [String] = []
    var createdAt = Timestamp(seconds: 0)
    /// The id of the process that wrote it.
    var process = ""
}

extension UserIntent: SettingsRecord {
    static let settings = Settings(
        new: UserIntent(), required: ["db_name", "username", "created_at"],
        .kept("db_name", \.database, as: .text), .kept("username", \.username, as: .text),
        .kept("revocation", \.revocation, as: .names), .kept("created_at", \.createdAt, as: .moment),
        .kept("process", \.process, as: .text))
}

/// What the engine stores with a lease.
struct LeasedUser: Record, Hashable {
    var database = ""
    var role = ""
    var username = ""
    /// The statements of the role, in case the role no longer exists when they are needed.
    var revocation: [String] = []
    var renewal: [String] = []
    /// The TTL that was granted, in seconds.
    var ttl = 0
    var maxTTL = 0
    /// The name of the ``UserIntent`` to delete.
    var intent = ""
}

extension LeasedUser: SettingsRecord {
    static let settings = Settings(
        new: LeasedUser(), required: ["db_name", "role", "username"],
        .kept("db_name", \.database, as: .text), .kept("role", \.role, as: .text), .kept("username", \.username, as: .text),
        .kept("revocation", \.revocation, as: .names), .kept("renewal", \.renewal, as: .names),
        .kept("ttl", \.ttl, as: .duration), .kept("max_ttl", \.maxTTL, as: .duration), .kept("intent", \.intent, as: .text))
}
