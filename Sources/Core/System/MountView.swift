import EngineKit
import Records
import Syntax

/// A mount as the Vault API shows it.
extension MountEntry {
    /// The mount in the answers of `sys/mounts` and `sys/auth`.
    var shown: JSONObject {
        var config = MountTuning.settings.shown(
            tuning, first: ["default_lease_ttl", "max_lease_ttl", "force_no_cache", "token_type"])
        if mountClass != .auth { config["token_type"] = nil }
        return [
            "accessor": .string(accessor), "config": .object(config), "deprecation_status": "supported",
            "description": .string(description), "external_entropy_access": false, "local": .bool(isLocal),
            "options": .mapOrNull(options), "plugin_version": "",
            "running_plugin_version": .string(MountTuning.builtInVersion), "running_sha256": "",
            "seal_wrap": .bool(isSealWrapped), "type": .string(type), "uuid": .string(uuid),
        ]
    }

    /// Returns the answer of `tune`, with the TTLs that are in effect.
    func shownTuning(_ settings: CoreSettings) -> JSONObject {
        let limits = tuning.limits(settings)
        var object: JSONObject = [
            "default_lease_ttl": .int(limits.defaultTTL), "description": .string(description),
            "force_no_cache": .bool(tuning.forceNoCache), "max_lease_ttl": .int(limits.maxTTL),
        ]
        if mountClass == .auth { object["token_type"] = .string(tuning.tokenType) }
        if !options.isEmpty { object["options"] = .map(options) }
        for member in tuning.shown where object[member.key] == nil && !["token_type", "user_lockout_config"].contains(member.key) {
            object[member.key] = member.value
        }
        for member in tuning.lockout.shown { object["user_" + member.key] = member.value }
        return object
    }
}
