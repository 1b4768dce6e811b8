import EngineKit
import Syntax

/// Reloading of engines. There is nothing to do, because engines are built in and settings take effect at once, but the requests
/// fail if the engine does not exist.
extension SystemEngine {
    /// The paths that reload engines.
    var pluginPaths: [EnginePath] {
        [
            EnginePath(
                "plugins/reload/backend", "Reloads an engine.",
                fields: [
                    Field("plugin", .string, "Type of the engine."),
                    Field("mounts", .strings, "Paths of the mounts to reload, instead of a type."),
                    Field("scope", .string, oneOf: ["global"], "Accepted: all nodes have the same engines."),
                ]
            )
            .updating("Reload an engine.") { try reloadEngine($0) },
            EnginePath(
                "plugins/reload/{type}/{name}", "Reloads an engine.",
                fields: [Field("scope", .string, oneOf: ["global"], "Accepted: all nodes have the same engines.")]
            )
            .updating("Reload an engine.") { request in
                let (type, name) = (request.captures["type"], request.captures["name"])
                guard ["auth", "secret", "database", "unknown"].contains(type) else {
                    throw CofferError.invalid("a plugin's type is \"auth\", \"secret\", \"database\" or \"unknown\"")
                }
                let isKnown =
                    type == "auth"
                    ? isKnown(name, .auth) : isKnown(name, .secret) || type == "unknown" && isKnown(name, .auth)
                guard isKnown || type == "database" else { throw Self.unknown(name) }
                return .data(["reload_id": .string(request.id)])
            },
        ]
    }

    private func reloadEngine(_ request: Request) throws -> Response {
        let plugin = request.fields.text("plugin")
        let paths = request.fields.texts("mounts")
        guard plugin.isEmpty != paths.isEmpty else {
            throw CofferError.invalid(
                plugin.isEmpty ? "plugin or mounts must be provided" : "plugin and mounts cannot be set at the same time")
        }
        guard plugin.isEmpty || isKnown(plugin, .secret) || isKnown(plugin, .auth) else { throw Self.unknown(plugin) }
        for path in paths where mounts.entry(at: path.hasUTF8Suffix("/") ? path : path + "/") == nil {
            throw CofferError.invalid("nothing is mounted at \"\(path.prefixUTF8(256))\"")
        }
        return .data(["reload_id": .string(request.id)])
    }

    private func isKnown(_ type: String, _ mountClass: MountEntry.Class) -> Bool {
        core.environment.catalog.description(type, mountClass) != nil
    }

    private static func unknown(_ name: String) -> CofferError {
        .invalid("plugin not found in the catalog: \"\(name.prefixUTF8(64))\"")
    }
}
