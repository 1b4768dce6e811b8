import EngineKit
import Syntax

/// Every engine is built in, and what an engine is told is in force when it is answered. So there is nothing to load again; that
/// the engine is there is checked, since clients ask in order to know.
extension SystemEngine {
    var pluginPaths: [EnginePath] {
        [
            EnginePath(
                "plugins/reload/backend", "Reloads an engine.",
                fields: [
                    Field("plugin", .string, "Type of the engine."),
                    Field("mounts", .strings, "Where it is mounted, in its place."),
                    Field("scope", .string, oneOf: ["global"], "Accepted: all nodes have the same engines."),
                ],
                endpoints: [.update: .init("Load an engine again.") { try reloadEngine($0) }]),
            EnginePath(
                "plugins/reload/{type}/{name}", "Reloads an engine.",
                fields: [Field("scope", .string, oneOf: ["global"], "Accepted: all nodes have the same engines.")],
                endpoints: [
                    .update: .init("Load an engine again.") { request in
                        let (type, name) = (request.captures["type"], request.captures["name"])
                        guard ["auth", "secret", "database", "unknown"].contains(type) else {
                            throw CofferError.invalid("a plugin's type is \"auth\", \"secret\", \"database\" or \"unknown\"")
                        }
                        let isKnown =
                            type == "auth"
                            ? isKnown(name, .auth) : isKnown(name, .secret) || type == "unknown" && isKnown(name, .auth)
                        guard isKnown || type == "database" else { throw Self.unknown(name) }
                        return .data(["reload_id": .string(request.id)])
                    }
                ]),
        ]
    }

    private func reloadEngine(_ request: Request) throws -> Response {
        let plugin = request.fields.text("plugin")
        let places = request.fields.texts("mounts")
        guard plugin.isEmpty != places.isEmpty else {
            throw CofferError.invalid(
                plugin.isEmpty ? "plugin or mounts must be provided" : "plugin and mounts cannot be set at the same time")
        }
        guard plugin.isEmpty || isKnown(plugin, .secret) || isKnown(plugin, .auth) else { throw Self.unknown(plugin) }
        for place in places where mounts.entry(at: place.hasUTF8Suffix("/") ? place : place + "/") == nil {
            throw CofferError.invalid("nothing is mounted at \"\(place.prefixUTF8(256))\"")
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
