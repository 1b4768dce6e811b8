internal import CofferClient
internal import Syntax

/// Secrets engines or auth methods: what the commands for both have in common.
struct MountKind {
    /// The route of the API below which the mounts are.
    let route: String
    /// The name in messages.
    let name: String

    static let secrets = MountKind(route: "sys/mounts", name: "secrets engine")
    static let auth = MountKind(route: "sys/auth", name: "auth method")

    /// Disables the mount at a path.
    func disable(_ path: String, _ session: Session) async throws {
        try await session.call("Error disabling \(name) at \(path)/") { try await $0.request(.delete, "\(route)/\(path)") }
        try session.printer.success("Success! Disabled the \(name) (if it existed) at: \(path)/")
    }

    /// Changes settings of the mount at a path.
    func tune(_ path: String, _ body: JSONObject, on session: Session) async throws {
        try await session.call("Error tuning \(name) \(path)/") {
            try await $0.request(.post, "\(route)/\(path)/tune", body: .object(body))
        }
        try session.printer.success("Success! Tuned the \(name) at: \(path)/")
    }

    /// Prints mounts.
    func write(_ mounts: JSONObject, isDetailed: Bool, to session: Session) throws {
        guard session.printer.isTable else { return try session.printer.value(Printer.sorted(.object(mounts))) }
        let isAuth = route == Self.auth.route
        session.console.output(isDetailed ? MountTable.detailedText(mounts, isAuth: isAuth) : MountTable.text(mounts))
    }
}

/// Tables of mounts.
enum MountTable {
    static func text(_ mounts: JSONObject) -> String {
        let rows = sorted(mounts).map { path, mount in
            [path, ValueText.cell(mount["type"]), ValueText.cell(mount["accessor"]), ValueText.cell(mount["description"])]
        }
        return Table(header: ["Path", "Type", "Accessor", "Description"], rows: rows).text
    }

    /// Returns a table with all columns. Auth methods have the type of their tokens in place of the caching of secrets engines.
    static func detailedText(_ mounts: JSONObject, isAuth: Bool) -> String {
        let header = [
            "Path", "Plugin", "Accessor", "Default TTL", "Max TTL", isAuth ? "Token Type" : "Force No Cache", "Replication",
            "Seal Wrap", "External Entropy Access", "Options", "Description", "UUID", "Version", "Running Version",
            "Running SHA256", "Deprecation Status",
        ]
        let rows = sorted(mounts).map { path, mount in
            let (config, text) = (mount["config"], ValueText.cell as (JSON?) -> String)
            return [
                path, text(mount["type"]), text(mount["accessor"]), ttl(config?["default_lease_ttl"]),
                ttl(config?["max_lease_ttl"]),
                text(isAuth ? config?["token_type"] : config?["force_no_cache"] ?? false),
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

    /// Returns a TTL as text. 0 stands for the server's default.
    private static func ttl(_ value: JSON?) -> String {
        guard let seconds = value?.intValue, seconds != 0 else { return "system" }
        return ValueText.duration(seconds)
    }
}
