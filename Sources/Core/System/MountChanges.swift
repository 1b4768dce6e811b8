import EngineKit
import Records
import Syntax

extension MountTuning: SettingsRecord {
    static let settings = Settings(
        new: MountTuning(), required: [],
        Setting(
            "default_lease_ttl", \.defaultTTL, as: .overSystem, stored: "default_ttl",
            help: "Default life of tokens and leases; \"system\" or 0 for the server's default, empty to keep the current one."),
        Setting(
            "max_lease_ttl", \.maxTTL, as: .overSystem, stored: "max_ttl",
            help: "Longest life of tokens and leases; \"system\" or 0 for the server's limit, empty to keep the current one."),
        Setting(
            "listing_visibility", \.listingVisibility, as: .choice(["hidden", "unauth"], empty: "").shownUnlessEmpty,
            help: "\"unauth\" lists the mount to callers without a token, \"hidden\" does not."),
        Setting(
            "audit_non_hmac_request_keys", \.auditClearRequestKeys, as: .names.shownUnlessEmpty,
            stored: "audit_clear_request_keys", help: "Request fields that the audit log shows unhashed."),
        Setting(
            "audit_non_hmac_response_keys", \.auditClearResponseKeys, as: .names.shownUnlessEmpty,
            stored: "audit_clear_response_keys", help: "Response fields that the audit log shows unhashed."),
        Setting(
            "passthrough_request_headers", \.passthroughRequestHeaders, as: .names.shownUnlessEmpty,
            help: "Request headers that are passed to the engine."),
        Setting(
            "allowed_response_headers", \.allowedResponseHeaders, as: .names.shownUnlessEmpty,
            help: "Response headers that the engine may set."),
        Setting(
            "token_type", \.tokenType,
            as: .choice(["default-service", "default-batch", "service", "batch"], empty: "default-service"),
            help: "Type of the tokens of an auth mount."),
        Setting("force_no_cache", \.forceNoCache, as: .flag, help: "Accepted for compatibility."),
        Setting(
            "user_lockout_config", \.lockout, as: .members, stored: "lockout",
            help:
                "When failed logins lock a name: lockout_threshold, lockout_duration, lockout_counter_reset_duration, lockout_disable."
        ))

    /// The fields that `tune` takes.
    static let fields: [Field] =
        settings.fields + [
            Field("description", .string, "Description of the mount."),
            Field("options", .stringMap, "Options of the engine, such as the version of kv."),
            Field("plugin_version", .string, "Empty or the server's version, because engines are built in."),
        ]

    /// The settings that clients send and that have no effect here.
    private static let ignored: Set<String> = [
        "plugin_name", "allowed_managed_keys", "delegated_auth_accessors", "identity_token_key", "trim_request_trailing_slashes",
    ]

    /// Returns the settings in the `config` of a new mount. Throws for unknown ones, because a misspelled limit would have no
    /// effect.
    static func fields(inConfig config: JSONObject) throws(CofferError) -> Fields {
        let known = ignored.union(fields.map(\.name))
        if let name = config.keys.first(where: { !known.contains($0) }) {
            throw .invalid("field 'config' has the unknown setting '\(name.prefixUTF8(64))'")
        }
        return try Fields(validating: config, as: fields)
    }

    /// Throws if a token type is set for anything but an auth mount other than `auth/token/`.
    static func checkTokenType(_ fields: Fields, for entry: MountEntry) throws(CofferError) {
        guard fields.string("token_type")?.isEmpty == false else { return }
        guard entry.mountClass == .auth else { throw .invalid("'token_type' can only be modified on auth mounts") }
        guard entry.type != MountEntry.token.type else {
            throw .invalid("'token_type' cannot be set for 'token' or 'ns_token' auth mounts")
        }
    }

    /// Changes the settings that were sent. Throws if the default TTL would exceed the maximum.
    mutating func update(_ fields: Fields, settings: CoreSettings) throws(CofferError) {
        try update(fields)
        let longest = maxTTL > 0 ? maxTTL : settings.maxTTL
        guard defaultTTL <= longest else {
            throw .invalid("given default lease TTL greater than the effective max lease TTL of \(longest) seconds")
        }
    }

    /// Returns a duration in seconds. Throws if the text is not a duration.
    static func seconds(_ text: String, field: String) throws(CofferError) -> Int {
        guard let seconds = DurationText.seconds(text) else {
            throw .invalid("field '\(field)' must be a duration such as 90, \"90s\" or \"1h30m\", or \"system\"")
        }
        return seconds
    }

    /// Throws if another version of an engine than the server's is requested.
    static func checkVersion(_ fields: Fields, type: String) throws(CofferError) {
        guard let version = fields.string("plugin_version"), !version.isEmpty, version != builtInVersion else { return }
        throw .invalid("plugin \"\(type)\" has no version \"\(version.prefixUTF8(64))\"; send no plugin_version")
    }

    /// The version of every engine, in the form in which Vault shows those of built-in plugins.
    static let builtInVersion = "v\(CofferProduct.version)+builtin"
}

extension SettingKind where Value == Int {
    /// Seconds, or 0 for the server's value. Clients send an empty string with every change of other settings, so it keeps the
    /// current value.
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

/// Decides at which paths engines may be mounted.
enum MountPaths {
    private static let reserved = ["sys/", "auth/", "audit/", "cubbyhole/", "identity/"]

    /// Returns the full path with its final slash. Throws if it is malformed or reserved for the server.
    static func new(_ shown: String, _ mountClass: MountEntry.Class) throws(CofferError) -> String {
        let canonical: CanonicalPath
        do {
            canonical = try CanonicalPath(decoded: shown)
        } catch {
            throw .invalid("the mount's path is not valid: \(error.rawValue)")
        }
        let path = canonical.text + "/"
        guard !canonical.text.containsUTF8("*"), !canonical.text.containsUTF8("+") else {
            throw .invalid("a mount's path may not contain '*' or '+'")
        }
        if mountClass == .auth {
            guard path != "token/" else {
                throw .invalid("path is already in use at \(path): the token method is always enabled there")
            }
            return "auth/" + path
        }
        guard !reserved.contains(where: path.hasUTF8Prefix) else { throw .invalid("cannot mount under existing mount \"\(path)\"") }
        return path
    }

    /// Throws if the path is another mount's, or one is inside the other.
    static func checkFree(_ path: String, among entries: [MountEntry]) throws(CofferError) {
        for entry in entries where entry.path.hasUTF8Prefix(path) || path.hasUTF8Prefix(entry.path) {
            throw .invalid("path is already in use at \(entry.shownPath); choose another path, or disable or move that mount")
        }
    }
}
