internal import ArgumentParser
internal import Syntax

/// The settings of a mount that can be changed after it is enabled.
struct MountTuning: ParsableArguments {
    @Option(help: .init("The TTL of leases and tokens that request none.", valueName: "duration")) var defaultLeaseTTL: String?
    @Option(help: .init("The longest TTL.", valueName: "duration")) var maxLeaseTTL: String?
    @Option(help: "A description of the mount.") var description: String?
    @Option(help: "unauth (shown to callers without a token) or hidden.") var listingVisibility: String?
    @Option(help: .init("A request field that audit devices record unhashed; may be repeated.", valueName: "key"))
    var auditNonHMACRequestKeys: [String] = []
    @Option(help: .init("An answer field that audit devices record unhashed; may be repeated.", valueName: "key"))
    var auditNonHMACResponseKeys: [String] = []
    @Option(help: .init("A request header to pass to the engine; may be repeated.", valueName: "name"))
    var passthroughRequestHeaders: [String] = []
    @Option(help: .init("A header that the engine may set in answers; may be repeated.", valueName: "name"))
    var allowedResponseHeaders: [String] = []
    @Option(help: "The type of tokens: default-service, default-batch, service or batch.") var tokenType: String?
    @Option(help: .init("An option of the engine, written as key=value; may be repeated.", valueName: "key=value"))
    var options: [String] = []
    @Option(help: .init("The version of the KV engine, 1 or 2.", valueName: "number")) var version: String?
    @Option(help: .init("The version of the plugin.", valueName: "version")) var pluginVersion: String?

    /// Returns the settings except the description and the options.
    func config() throws(CommandFailure) -> JSONObject {
        var config = JSONObject()
        config["default_lease_ttl"] = try ArgumentText.duration(defaultLeaseTTL, flag: "default-lease-ttl")
        config["max_lease_ttl"] = try ArgumentText.duration(maxLeaseTTL, flag: "max-lease-ttl")
        config["listing_visibility"] = listingVisibility.map { .string($0) }
        config["token_type"] = tokenType.map { .string($0) }
        config["plugin_version"] = pluginVersion.unlessEmpty.map { .string($0) }
        let lists = [
            ("audit_non_hmac_request_keys", auditNonHMACRequestKeys), ("audit_non_hmac_response_keys", auditNonHMACResponseKeys),
            ("passthrough_request_headers", passthroughRequestHeaders), ("allowed_response_headers", allowedResponseHeaders),
        ]
        for (name, values) in lists where !values.isEmpty { config[name] = ArgumentText.list(values) }
        return config
    }

    func engineOptions() throws(CommandFailure) -> JSONObject {
        var result = try KeyValueArguments.settings(options, flag: "options")
        guard version?.isEmpty != true else { throw .local("-version must be the version of the KV engine, 1 or 2") }
        result["version"] = version.map { .string($0) } ?? result["version"]
        return result
    }

    /// Returns the body of a tune request.
    func tuneBody() throws(CommandFailure) -> JSONObject {
        var body = try config()
        body["description"] = description.map { .string($0) }
        let options = try engineOptions()
        if !options.isEmpty { body["options"] = .object(options) }
        return body
    }
}

/// The settings of a mount that are fixed when it is enabled.
struct MountCreation: ParsableArguments {
    @Option(help: .init("The path to mount it at. (default: its type)", valueName: "path")) var path: String?
    @Flag(help: "Accepted for compatibility; has no effect.") var local = false
    @Flag(help: "Accepted for compatibility; has no effect.") var sealWrap = false
    @Flag(help: "Accepted for compatibility; has no effect.") var forceNoCache = false
    @Flag(help: "Accepted for compatibility; has no effect.") var externalEntropyAccess = false
    @Option(
        help: .init(
            "Accepted for compatibility; has no effect, except that with the type plugin it names the type.", valueName: "name"))
    var pluginName: String?

    /// Returns the path and the body of the request that enables a mount.
    func request(type: String, tuning: MountTuning) throws(CommandFailure) -> (path: String, body: JSONObject) {
        var type = ArgumentText.path(type)
        let path = try ArgumentText.requiredPath(self.path.unlessEmpty ?? type)
        if type == "plugin", let pluginName = pluginName.unlessEmpty { type = pluginName }
        var options = try tuning.engineOptions()
        // The KV engine has two more names, which include its version.
        if type == "kv-v1" || type == "kv-v2" {
            if options["version"] == nil { options["version"] = .string(String(type.suffix(1))) }
            type = "kv"
        }
        var body: JSONObject = [
            "type": .string(type), "description": .string(tuning.description ?? ""), "config": .object(try tuning.config()),
            "local": .bool(local), "seal_wrap": .bool(sealWrap), "external_entropy_access": .bool(externalEntropyAccess),
        ]
        if forceNoCache, var config = body["config"]?.objectValue {
            config["force_no_cache"] = true
            body["config"] = .object(config)
        }
        if !options.isEmpty { body["options"] = .object(options) }
        return (path, body)
    }
}

/// The lockout settings of an auth method: how failed logins lock a user name.
struct LockoutTuning: ParsableArguments {
    @Option(help: .init("Lock a user name after this many failures in a row.", valueName: "number")) var userLockoutThreshold: Int?
    @Option(help: .init("Keep a user name locked for this time.", valueName: "duration")) var userLockoutDuration: String?
    @Option(help: .init("Reset the count of failures after this time without one.", valueName: "duration"))
    var userLockoutCounterResetDuration: String?
    @Flag(inversion: .prefixedNo, help: "Turn the locking of user names off or on.") var userLockoutDisable: Bool?

    func config() throws(CommandFailure) -> JSONObject {
        var config = JSONObject()
        if let userLockoutThreshold {
            guard userLockoutThreshold >= 0 else { throw .local("-user-lockout-threshold must be 0 or more") }
            config["lockout_threshold"] = .string(String(userLockoutThreshold))
        }
        config["lockout_duration"] = try ArgumentText.duration(userLockoutDuration, flag: "user-lockout-duration")
        config["lockout_counter_reset_duration"] = try ArgumentText.duration(
            userLockoutCounterResetDuration, flag: "user-lockout-counter-reset-duration")
        config["lockout_disable"] = userLockoutDisable.map { .bool($0) }
        return config
    }
}
