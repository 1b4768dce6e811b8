internal import Syntax

/// Tables of mounts.
enum MountTable {
    static func text(_ mounts: JSONObject) -> String {
        let rows = sorted(mounts).map { path, mount in
            [path, text(mount["type"]), text(mount["accessor"]), text(mount["description"])]
        }
        return Table(header: ["Path", "Type", "Accessor", "Description"], rows: rows).text
    }

    /// Returns a table with all columns. Auth methods have the type of their tokens in place of the caching of secrets engines.
    static func detailedText(_ mounts: JSONObject, isAuth: Bool = false) -> String {
        let header = [
            "Path", "Plugin", "Accessor", "Default TTL", "Max TTL", isAuth ? "Token Type" : "Force No Cache", "Replication",
            "Seal Wrap", "External Entropy Access", "Options", "Description", "UUID", "Version", "Running Version",
            "Running SHA256", "Deprecation Status",
        ]
        let rows = sorted(mounts).map { path, mount in
            let config = mount["config"]
            return [
                path, text(mount["type"]), text(mount["accessor"]), ttl(config?["default_lease_ttl"]),
                ttl(config?["max_lease_ttl"]),
                isAuth ? text(config?["token_type"]) : text(config?["force_no_cache"] ?? false),
                mount["local"]?.boolValue == true ? "local" : "replicated", text(mount["seal_wrap"] ?? false),
                text(mount["external_entropy_access"] ?? false), text(mount["options"].flatMap { $0.isNull ? nil : $0 } ?? [:]),
                text(mount["description"]), text(mount["uuid"]), text(mount["plugin_version"]),
                text(mount["running_plugin_version"]), text(mount["running_sha256"]), text(mount["deprecation_status"]),
            ]
        }
        return Table(header: header, rows: rows).text
    }

    private static func sorted(_ mounts: JSONObject) -> [(String, JSON)] {
        mounts.members.filter { $0.value.objectValue != nil }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func text(_ value: JSON?) -> String {
        guard let value, !value.isNull else { return "" }
        return ValueText.cell(value)
    }

    /// Returns a TTL as text. 0 stands for the server's default.
    private static func ttl(_ value: JSON?) -> String {
        guard let seconds = value?.intValue, seconds != 0 else { return "system" }
        return ValueText.duration(seconds)
    }
}
