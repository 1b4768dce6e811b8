import EngineKit
import Records
import Syntax

/// A row of the mount table.
struct MountEntry: Sendable, Hashable {
    /// What kind of engine is mounted.
    enum Class: String, Sendable, Hashable, CaseIterable {
        case secret, auth
        /// `sys/`, which is part of the server and can neither be added nor removed.
        case system
    }

    /// The id, under which the mount's records are stored; never reused.
    var uuid: String
    /// The full path with a final slash: `secret/`, `auth/approle/`.
    var path: String
    var type: String
    var mountClass: Class
    var accessor: String
    var description = ""
    var options: [String: String] = [:]
    var tuning = MountTuning()
    var isLocal = false
    var isSealWrapped = false

    /// The path as `sys/auth` shows it: without `auth/` for an auth mount.
    var shownPath: String { mountClass == .auth ? String(path.dropFirstUTF8(5)) : path }
    /// Whether the mount always exists and cannot be removed. The table has a row for it only if it was tuned.
    var isBuiltIn: Bool { mountClass == .system || path == "auth/token/" || path == "cubbyhole/" || path == "identity/" }
    /// The prefix of the mount's records in the store.
    var storagePrefix: String { "mount/\(uuid)/" }
}

extension MountEntry {
    /// The built-in mount `sys/`.
    static let system = MountEntry(
        uuid: "system", path: "sys/", type: "system", mountClass: .system, accessor: "system_builtin",
        description: "system endpoints used for control, policy and debugging")
    /// The built-in mount `cubbyhole/`.
    static let cubbyhole = MountEntry(
        uuid: "cubbyhole", path: "cubbyhole/", type: "cubbyhole", mountClass: .secret, accessor: "cubbyhole_builtin",
        description: "per-token private secret storage")
    /// The built-in mount `identity/`.
    static let identity = MountEntry(
        uuid: "identity", path: "identity/", type: "identity", mountClass: .secret, accessor: "identity_builtin",
        description: "identity store")
    /// The built-in mount `auth/token/`.
    static let token = MountEntry(
        uuid: "token", path: "auth/token/", type: "token", mountClass: .auth, accessor: "auth_token_builtin",
        description: "token based credentials")
}

/// The settings that `sys/mounts/:path/tune` changes. TTLs are in seconds; 0 means the server's.
struct MountTuning: Sendable, Hashable {
    var defaultTTL = 0
    var maxTTL = 0
    /// `unauth` lists the mount to everyone; `hidden` and empty do not.
    var listingVisibility = ""
    var auditClearRequestKeys: [String] = []
    var auditClearResponseKeys: [String] = []
    var passthroughRequestHeaders: [String] = []
    var allowedResponseHeaders: [String] = []
    /// The type of the tokens of an auth mount: `default-service`, `default-batch`, `service` or `batch`.
    var tokenType = "default-service"
    var forceNoCache = false
    var lockout = LockoutTuning()

    /// Returns the TTLs in effect, in seconds: those of the mount, or the server's where it sets none.
    func limits(_ settings: CoreSettings) -> (defaultTTL: Int, maxTTL: Int) {
        (defaultTTL > 0 ? defaultTTL : settings.defaultTTL, maxTTL > 0 ? maxTTL : settings.maxTTL)
    }
}

extension MountEntry: Record, SettingsRecord {
    static let settings = Settings(
        new: MountEntry(uuid: "", path: "", type: "", mountClass: .secret, accessor: ""),
        required: ["uuid", "path", "type", "class", "accessor"],
        .kept("uuid", \.uuid, as: .text), .kept("path", \.path, as: .text), .kept("type", \.type, as: .text),
        .kept("class", \.mountClass, as: .choice(empty: .secret)), .kept("accessor", \.accessor, as: .text),
        .kept("description", \.description, as: .text), .kept("options", \.options, as: .map), .kept("local", \.isLocal, as: .flag),
        .kept("seal_wrap", \.isSealWrapped, as: .flag), .group(\.tuning))
}
