internal import ArgumentParser
internal import Syntax

/// Settings of a mount that can be changed later: for enabling and for tuning.
struct MountTuning: ParsableArguments {
    @Option(name: .customLong("default-lease-ttl"), help: ArgumentHelp("TTL when none is asked for.", valueName: "duration"))
    var defaultLeaseTTL: String?
    @Option(name: .customLong("max-lease-ttl"), help: ArgumentHelp("The longest TTL.", valueName: "duration")) var maxLeaseTTL:
        String?
    @Option(help: "What the mount is for.") var description: String?
    @Option(help: "unauth shows the mount to callers without a token, hidden does not.") var listingVisibility: String?
    @Option(
        name: .customLong("audit-non-hmac-request-keys"),
        help: ArgumentHelp("A field that audit devices record in clear, in requests; may be repeated.", valueName: "key"))
    var auditNonHMACRequestKeys: [String] = []
    @Option(
        name: .customLong("audit-non-hmac-response-keys"),
        help: ArgumentHelp("The same in answers.", valueName: "key"))
    var auditNonHMACResponseKeys: [String] = []
    @Option(help: ArgumentHelp("A header that the engine gets to see; may be repeated.", valueName: "name"))
    var passthroughRequestHeaders: [String] = []
    @Option(help: ArgumentHelp("A header that the engine may answer with; may be repeated.", valueName: "name"))
    var allowedResponseHeaders: [String] = []
    @Option(help: "default-service, default-batch, service or batch.") var tokenType: String?
    @Option(help: ArgumentHelp("An option of the engine as key=value; may be repeated.", valueName: "key=value"))
    var options: [String] = []
    @Option(help: ArgumentHelp("The version of the KV engine, 1 or 2.", valueName: "number")) var version: String?
    @Option(help: ArgumentHelp("The version of the plugin.", valueName: "version")) var pluginVersion: String?

    /// Everything but description and options.
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

    /// The body of a tune request.
    func tuneBody() throws(CommandFailure) -> JSONObject {
        var body = try config()
        body["description"] = description.map { .string($0) }
        let options = try engineOptions()
        if !options.isEmpty { body["options"] = .object(options) }
        return body
    }
}

/// Settings of a mount that hold from its beginning.
struct MountCreation: ParsableArguments {
    @Option(help: ArgumentHelp("Where to mount it; its type by default.", valueName: "path")) var path: String?
    @Flag(help: "Keep it on this cluster.") var local = false
    @Flag(help: "Wrap its critical values by the seal too.") var sealWrap = false
    @Flag(help: "Never cache for it.") var forceNoCache = false
    @Flag(help: "Let it use the seal's randomness.") var externalEntropyAccess = false
    @Option(help: ArgumentHelp("The plugin of a mount of type plugin.", valueName: "name")) var pluginName: String?

    /// The body of an enabling request, and the path to send it to.
    func request(type: String, tuning: MountTuning) throws(CommandFailure) -> (path: String, body: JSONObject) {
        var type = ArgumentText.path(type)
        let path = try ArgumentText.requiredPath(self.path.unlessEmpty ?? type)
        if type == "plugin", let pluginName = pluginName.unlessEmpty { type = pluginName }
        var options = try tuning.engineOptions()
        // The two names of the KV engine that carry its version.
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
