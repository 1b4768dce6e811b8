import EngineKit
import Records
import Syntax

extension MountTuning: SettingsRecord {
    static let settings = Settings(
        new: MountTuning(), required: [],
        Setting(
            "default_lease_ttl", \.defaultTTL, as: .overSystem, stored: "default_ttl",
            help: "Default life of tokens and leases; \"system\" or 0 for the system's, empty to keep it."),
        Setting(
            "max_lease_ttl", \.maxTTL, as: .overSystem, stored: "max_ttl",
            help: "Longest life of tokens and leases; \"system\" or 0 for the system's, empty to keep it."),
        Setting(
            "listing_visibility", \.listingVisibility, as: .choice(["hidden", "unauth"], empty: "").shownUnlessEmpty,
            help: "\"unauth\" shows the mount to everybody, \"hidden\" does not."),
        Setting(
            "audit_non_hmac_request_keys", \.auditClearRequestKeys, as: .names.shownUnlessEmpty,
            stored: "audit_clear_request_keys", help: "Request fields that the audit shows in the clear."),
        Setting(
            "audit_non_hmac_response_keys", \.auditClearResponseKeys, as: .names.shownUnlessEmpty,
            stored: "audit_clear_response_keys", help: "Response fields that the audit shows in the clear."),
        Setting(
            "passthrough_request_headers", \.passthroughRequestHeaders, as: .names.shownUnlessEmpty,
            help: "Request headers that the engine gets."),
        Setting(
            "allowed_response_headers", \.allowedResponseHeaders, as: .names.shownUnlessEmpty,
            help: "Headers that the engine may set."),
        Setting(
            "token_type", \.tokenType,
            as: .choice(["default-service", "default-batch", "service", "batch"], empty: "default-service"),
            help: "Type of the tokens of an auth mount."),
        Setting("force_no_cache", \.forceNoCache, as: .flag, help: "Accepted for compatibility."),
        Setting(
            "user_lockout_config", \.lockout, as: .members, stored: "lockout",
            help: "When failed logins lock a name: lockout_threshold, _duration, _counter_reset_duration, _disable."))

    static let fields: [Field] =
        settings.fields + [
            Field("description", .string, "For people."),
            Field("options", .stringMap, "Settings of the engine, such as version of kv."),
            Field("plugin_version", .string, "Empty, or the version that runs: engines are built in."),
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
        try update(fields)
        let longest = maxTTL > 0 ? maxTTL : settings.maxTTL
        guard defaultTTL <= longest else {
            throw .invalid("given default lease TTL greater than the effective max lease TTL of \(longest) seconds")
        }
    }

    static func seconds(_ text: String, field: String) throws(CofferError) -> Int {
        guard let seconds = DurationText.seconds(text) else {
            throw .invalid("field '\(field)' must be a duration such as 90, \"90s\" or \"1h30m\", or \"system\"")
        }
        return seconds
    }

    /// Every engine is built in and has the server's version; a wish for another one cannot be granted.
    static func checkVersion(_ fields: Fields, type: String) throws(CofferError) {
        guard let version = fields.string("plugin_version"), !version.isEmpty, version != builtInVersion else { return }
        throw .invalid("plugin \"\(type)\" has no version \"\(version.prefixUTF8(64))\"; send no plugin_version")
    }

    static let builtInVersion = "v\(CofferProduct.version)+builtin"
}

extension SettingKind where Value == Int {
    /// Seconds, or 0 for what the system has. The protocol's clients send an empty text with every change that does not concern
    /// the time, so it keeps what is set.
    fileprivate static var overSystem: Self {
        Self(
            .string, shown: { .int($0) }, read: { $0.intValue },
            take: { sent, name, _ throws(CofferError) in
                guard let text = sent.stringValue, text != "system" else { return 0 }
                return try MountTuning.seconds(text, field: name)
            }
        ).keptByEmptyText
    }
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
