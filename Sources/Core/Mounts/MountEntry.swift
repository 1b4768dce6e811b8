import EngineKit
import Syntax

/// A row of the mount table.
struct MountEntry: Sendable, Hashable {
    enum Class: String, Sendable, Hashable {
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

extension MountEntry {
    var stored: JSON {
        [
            "uuid": .string(uuid), "path": .string(path), "type": .string(type), "class": .string(mountClass.rawValue),
            "accessor": .string(accessor), "description": .string(description), "options": .object(JSONObject(sorting: options)),
            "local": .bool(isLocal), "seal_wrap": .bool(isSealWrapped), "default_ttl": .int(tuning.defaultTTL),
            "max_ttl": .int(tuning.maxTTL), "listing_visibility": .string(tuning.listingVisibility),
            "audit_clear_request_keys": .strings(tuning.auditClearRequestKeys),
            "audit_clear_response_keys": .strings(tuning.auditClearResponseKeys),
            "passthrough_request_headers": .strings(tuning.passthroughRequestHeaders),
            "allowed_response_headers": .strings(tuning.allowedResponseHeaders), "token_type": .string(tuning.tokenType),
            "force_no_cache": .bool(tuning.forceNoCache), "lockout": .object(tuning.lockout.stored),
        ]
    }

    init?(stored: JSON) {
        guard let uuid = stored["uuid"]?.stringValue, let path = stored["path"]?.stringValue,
            let type = stored["type"]?.stringValue, let accessor = stored["accessor"]?.stringValue,
            let mountClass = stored["class"]?.stringValue.flatMap(Class.init(rawValue:))
        else { return nil }
        self.init(uuid: uuid, path: path, type: type, mountClass: mountClass, accessor: accessor)
        description = stored["description"]?.stringValue ?? ""
        for member in stored["options"]?.objectValue ?? .init() { options[member.key] = member.value.stringValue ?? "" }
        isLocal = stored["local"]?.boolValue ?? false
        isSealWrapped = stored["seal_wrap"]?.boolValue ?? false
        tuning.defaultTTL = stored["default_ttl"]?.intValue ?? 0
        tuning.maxTTL = stored["max_ttl"]?.intValue ?? 0
        tuning.listingVisibility = stored["listing_visibility"]?.stringValue ?? ""
        tuning.auditClearRequestKeys = stored["audit_clear_request_keys"]?.texts ?? []
        tuning.auditClearResponseKeys = stored["audit_clear_response_keys"]?.texts ?? []
        tuning.passthroughRequestHeaders = stored["passthrough_request_headers"]?.texts ?? []
        tuning.allowedResponseHeaders = stored["allowed_response_headers"]?.texts ?? []
        tuning.tokenType = stored["token_type"]?.stringValue ?? "default-service"
        tuning.forceNoCache = stored["force_no_cache"]?.boolValue ?? false
        tuning.lockout = LockoutTuning(stored: stored["lockout"] ?? .null)
    }
}

extension JSON {
    /// The strings of an array.
    var texts: [String] { arrayValue?.compactMap(\.stringValue) ?? [] }
}

extension JSONObject {
    /// A map of strings in the order of its keys.
    init(sorting map: [String: String]) {
        self.init(map.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
    }
}
