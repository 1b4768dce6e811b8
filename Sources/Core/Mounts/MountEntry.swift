import EngineKit
import Records
import Syntax

/// A row of the mount table.
struct MountEntry: Sendable, Hashable {
    enum Class: String, Sendable, Hashable, CaseIterable {
        case secret, auth
        /// `sys/`: part of the server, neither listed in storage nor removable.
        case system
    }

    /// Names its storage; never reused.
    var uuid: String
    /// From the root, with a final slash: `secret/`, `auth/approle/`.
    var path: String
    var type: String
    var mountClass: Class
    var accessor: String
    var description = ""
    var options: [String: String] = [:]
    var tuning = MountTuning()
    var isLocal = false
    var isSealWrapped = false

    /// As `sys/auth` names an auth mount: without `auth/`.
    var shownPath: String { mountClass == .auth ? String(path.dropFirstUTF8(5)) : path }
    /// The server's own: always there, in no table.
    var isBuiltIn: Bool { mountClass == .system || path == "auth/token/" || path == "cubbyhole/" || path == "identity/" }
    var storagePrefix: String { "mount/\(uuid)/" }
}

extension MountEntry {
    static let system = MountEntry(
        uuid: "system", path: "sys/", type: "system", mountClass: .system, accessor: "system_builtin",
        description: "system endpoints used for control, policy and debugging")
    static let cubbyhole = MountEntry(
        uuid: "cubbyhole", path: "cubbyhole/", type: "cubbyhole", mountClass: .secret, accessor: "cubbyhole_builtin",
        description: "per-token private secret storage")
    static let identity = MountEntry(
        uuid: "identity", path: "identity/", type: "identity", mountClass: .secret, accessor: "identity_builtin",
        description: "identity store")
    static let token = MountEntry(
        uuid: "token", path: "auth/token/", type: "token", mountClass: .auth, accessor: "auth_token_builtin",
        description: "token based credentials")
}

/// What `tune` changes. Times in seconds; 0 means the system's.
struct MountTuning: Sendable, Hashable {
    var defaultTTL = 0
    var maxTTL = 0
    /// Empty means hidden.
    var listingVisibility = ""
    var auditClearRequestKeys: [String] = []
    var auditClearResponseKeys: [String] = []
    var passthroughRequestHeaders: [String] = []
    var allowedResponseHeaders: [String] = []
    /// `default-service`, `default-batch`, `service` or `batch`; auth mounts only.
    var tokenType = "default-service"
    var forceNoCache = false
    var lockout = LockoutTuning()
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

extension JSONObject {
    /// A map of strings in the order of its keys.
    init(sorting map: [String: String]) {
        self.init(map.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
    }
}
