import EngineKit
import Syntax

extension MountTuning {
    static let fields: [Field] = [
        Field(
            "default_lease_ttl", .string, "Default life of tokens and leases; \"system\" or 0 for the system's, empty to keep it."),
        Field("max_lease_ttl", .string, "Longest life of tokens and leases; \"system\" or 0 for the system's, empty to keep it."),
        Field("force_no_cache", .bool, "Accepted for compatibility."),
        Field("description", .string, "For people."),
        Field("audit_non_hmac_request_keys", .strings, "Request fields that the audit shows in the clear."),
        Field("audit_non_hmac_response_keys", .strings, "Response fields that the audit shows in the clear."),
        Field(
            "listing_visibility", .string, oneOf: ["hidden", "unauth"],
            "\"unauth\" shows the mount to everybody, \"hidden\" does not."),
        Field("passthrough_request_headers", .strings, "Request headers that the engine gets."),
        Field("allowed_response_headers", .strings, "Headers that the engine may set."),
        Field(
            "token_type", .string, oneOf: ["default-service", "default-batch", "service", "batch"],
            "Type of the tokens of an auth mount."),
        Field("options", .stringMap, "Settings of the engine, such as version of kv."),
        Field("plugin_version", .string, "Empty, or the version that runs: engines are built in."),
        Field(
            "user_lockout_config", .object,
            "When failed logins lock a name: lockout_threshold, _duration, _counter_reset, _disable."),
    ]

    /// Settings that clients send along and that have no meaning here.
    private static let ignored: Set<String> = [
        "plugin_name", "allowed_managed_keys", "delegated_auth_accessors", "identity_token_key", "trim_request_trailing_slashes",
    ]

    /// The `config` of a new mount. A name that no setting has is refused: a misspelt limit would be no limit.
    static func fields(inConfig config: JSONObject) throws(CofferError) -> Fields {
        let known = ignored.union(fields.map(\.name))
        if let name = config.keys.first(where: { !known.contains($0) }) {
            throw .invalid("field 'config' has the unknown setting '\(name.prefixUTF8(64))'")
        }
        return try Fields(validating: config, as: fields)
    }

    /// Only auth methods give tokens, and the token method's own are made as they are asked for.
    static func checkTokenType(_ fields: Fields, for entry: MountEntry) throws(CofferError) {
        guard fields.string("token_type")?.isEmpty == false else { return }
        guard entry.mountClass == .auth else { throw .invalid("'token_type' can only be modified on auth mounts") }
        guard entry.type != MountEntry.token.type else {
            throw .invalid("'token_type' cannot be set for 'token' or 'ns_token' auth mounts")
        }
    }

    /// Takes over what was sent and leaves the rest.
    mutating func update(_ fields: Fields, settings: CoreSettings) throws(CofferError) {
        if let value = try Self.seconds(fields, "default_lease_ttl") { defaultTTL = value }
        if let value = try Self.seconds(fields, "max_lease_ttl") { maxTTL = value }
        let longest = maxTTL > 0 ? maxTTL : settings.maxTTL
        guard defaultTTL <= longest else {
            throw .invalid("given default lease TTL greater than the effective max lease TTL of \(longest) seconds")
        }
        if let value = fields.strings("audit_non_hmac_request_keys") { auditClearRequestKeys = value }
        if let value = fields.strings("audit_non_hmac_response_keys") { auditClearResponseKeys = value }
        if let value = fields.strings("passthrough_request_headers") { passthroughRequestHeaders = value }
        if let value = fields.strings("allowed_response_headers") { allowedResponseHeaders = value }
        if let value = fields.object("user_lockout_config") { try lockout.update(value) }
        if let value = fields.string("listing_visibility") {
            listingVisibility = value
        }
        if let value = fields.string("token_type") { tokenType = value.isEmpty ? "default-service" : value }
    }
}

extension MountTuning {
    /// The protocol's clients send an empty text with every change that does not concern the time, so it means "not said".
    static func seconds(_ fields: Fields, _ name: String) throws(CofferError) -> Int? {
        guard let text = fields.string(name), !text.isEmpty else { return nil }
        if text == "system" { return 0 }
        guard let seconds = DurationText.seconds(text) else {
            throw .invalid("field '\(name)' must be a duration such as 90, \"90s\" or \"1h30m\", or \"system\"")
        }
        return seconds
    }

    /// Every engine is built in and has the server's version; a wish for another one cannot be granted.
    static func checkVersion(_ fields: Fields, type: String) throws(CofferError) {
        guard let version = fields.string("plugin_version"), !version.isEmpty, version != builtInVersion else { return }
        throw .invalid("plugin \"\(type)\" has no version \"\(version.prefixUTF8(64))\"; send no plugin_version")
    }

    static let builtInVersion = "v\(CofferVersion.product)+builtin"
}

/// Where something may be mounted.
enum MountPaths {
    private static let reserved = ["sys/", "auth/", "audit/", "cubbyhole/", "identity/"]

    /// The path with its final slash, from the root. Refuses the server's own.
    static func new(_ shown: String, _ mountClass: MountEntry.Class) throws(CofferError) -> String {
        let canonical: CanonicalPath
        do {
            canonical = try CanonicalPath(decoded: shown)
        } catch {
            throw .invalid("the mount's path is not acceptable: \(error.rawValue)")
        }
        let path = canonical.text + "/"
        guard !canonical.text.containsUTF8("*"), !canonical.text.containsUTF8("+") else {
            throw .invalid("a mount's path may not contain '*' or '+'")
        }
        if mountClass == .auth {
            guard path != "token/" else { throw .invalid("path is already in use at \(path)") }
            return "auth/" + path
        }
        guard !reserved.contains(where: path.hasUTF8Prefix) else { throw .invalid("cannot mount under existing mount \"\(path)\"") }
        return path
    }

    /// Mounts do not lie inside each other.
    static func checkFree(_ path: String, among entries: [MountEntry]) throws(CofferError) {
        for entry in entries where entry.path.hasUTF8Prefix(path) || path.hasUTF8Prefix(entry.path) {
            throw .invalid("path is already in use at \(entry.shownPath)")
        }
    }
}
