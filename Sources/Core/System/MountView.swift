import EngineKit
import Syntax

/// How the Vault API shows a mount.
extension MountEntry {
    /// A member of `sys/mounts` or `sys/auth`.
    var shown: JSONObject {
        var config: JSONObject = [
            "default_lease_ttl": .int(tuning.defaultTTL), "max_lease_ttl": .int(tuning.maxTTL),
            "force_no_cache": .bool(tuning.forceNoCache),
        ]
        if mountClass == .auth { config["token_type"] = .string(tuning.tokenType) }
        addOptionalTuning(to: &config)
        if !tuning.lockout.isEmpty { config["user_lockout_config"] = .object(tuning.lockout.shown(prefix: "lockout_")) }
        return [
            "accessor": .string(accessor), "config": .object(config), "deprecation_status": "supported",
            "description": .string(description), "external_entropy_access": false, "local": .bool(isLocal),
            "options": options.isEmpty ? .null : .object(JSONObject(sorting: options)), "plugin_version": "",
            "running_plugin_version": .string(MountTuning.builtInVersion), "running_sha256": "",
            "seal_wrap": .bool(isSealWrapped), "type": .string(type), "uuid": .string(uuid),
        ]
    }

    /// The answer of `tune`: the times as they are in force.
    func shownTuning(_ settings: CoreSettings) -> JSONObject {
        var object: JSONObject = [
            "default_lease_ttl": .int(tuning.defaultTTL > 0 ? tuning.defaultTTL : settings.defaultTTL),
            "description": .string(description), "force_no_cache": .bool(tuning.forceNoCache),
            "max_lease_ttl": .int(tuning.maxTTL > 0 ? tuning.maxTTL : settings.maxTTL),
        ]
        if mountClass == .auth { object["token_type"] = .string(tuning.tokenType) }
        if !options.isEmpty { object["options"] = .object(JSONObject(sorting: options)) }
        addOptionalTuning(to: &object)
        for member in tuning.lockout.shown(prefix: "user_lockout_") { object[member.key] = member.value }
        return object
    }

    private func addOptionalTuning(to object: inout JSONObject) {
        if !tuning.listingVisibility.isEmpty { object["listing_visibility"] = .string(tuning.listingVisibility) }
        let lists: [(String, [String])] = [
            ("audit_non_hmac_request_keys", tuning.auditClearRequestKeys),
            ("audit_non_hmac_response_keys", tuning.auditClearResponseKeys),
            ("passthrough_request_headers", tuning.passthroughRequestHeaders),
            ("allowed_response_headers", tuning.allowedResponseHeaders),
        ]
        for (name, values) in lists where !values.isEmpty { object[name] = .strings(values) }
    }
}
