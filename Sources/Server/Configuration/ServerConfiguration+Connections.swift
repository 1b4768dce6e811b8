import EngineAPI
import SecretMemory
import Syntax

extension ServerConfiguration {
    /// What the connections engine and the Engine API are told.
    struct Connections: Sendable {
        struct Engine: Sendable {
            var name: String
            var keys: [String]
            var policies: [String] = []
        }

        /// A folder of platform profiles laid over the built-in ones.
        var platformDirectory: String?
        /// Providers at private addresses, and by plain http.
        var allowsPrivateEndpoints = false
        var engines: [Engine] = []
        /// A service that decides instead of the keys.
        var controlURL: String?
        var eventsURL: String?
        var eventsToken = ""
        var eventsDirectory: String?
    }

    static let connectionKeys: Set<String> = [
        "platform_dir", "allow_private_endpoints", "engine", "engine_control_url", "events_url", "events_dir",
    ]

    mutating func applyConnections(_ body: HCLBody) throws(HCLError) {
        if let text = try body.text("platform_dir") { connections.platformDirectory = text.isEmpty ? nil : text }
        if let isOn = try body.bool("allow_private_endpoints") { connections.allowsPrivateEndpoints = isOn }
        if let text = try body.text("engine_control_url") { connections.controlURL = text.isEmpty ? nil : text }
        if let text = try body.text("events_url") { connections.eventsURL = text.isEmpty ? nil : text }
        if let text = try body.text("events_dir") { connections.eventsDirectory = text.isEmpty ? nil : text }
        for block in try body.blocks("engine", labels: 1) {
            try block.body.refuseUnknown(except: ["keys", "policies"])
            let keys = try block.body.strings("keys") ?? []
            guard (1...EngineAccount.keysMax).contains(keys.count), keys.allSatisfy({ !$0.isEmpty }) else {
                throw HCLError(
                    "engine \(HCLError.quoted(block.labels[0])) needs keys: one, or two while one replaces the other",
                    at: block.position)
            }
            connections.engines.append(
                .init(name: block.labels[0], keys: keys, policies: try block.body.strings("policies") ?? []))
        }
    }

    /// `<NAME>_ENGINE_KEY`, with `<NAME>_ENGINE_KEY_PREVIOUS` while it is being replaced.
    mutating func applyConnections(_ environment: ServerEnvironment) throws(ConfigurationError) {
        if let text = environment["COFFER_PLATFORM_DIR"] { connections.platformDirectory = text }
        if let text = environment["COFFER_ALLOW_PRIVATE_ENDPOINTS"] {
            guard ["true", "false", "1", "0"].contains(text.lowercased()) else {
                throw ConfigurationError("COFFER_ALLOW_PRIVATE_ENDPOINTS must be true or false")
            }
            connections.allowsPrivateEndpoints = text.lowercased() == "true" || text == "1"
        }
        if let text = environment["COFFER_ENGINE_CONTROL_URL"] { connections.controlURL = text }
        if let text = environment["COFFER_EVENTS_URL"] { connections.eventsURL = text }
        if let text = try environment.secret("COFFER_EVENTS_TOKEN") { connections.eventsToken = text }
        if let text = environment["COFFER_EVENTS_DIR"] { connections.eventsDirectory = text }
        let tails = ["_ENGINE_KEY", "_ENGINE_KEY_FILE"]
        let names = Set(
            environment.names.flatMap { name in tails.filter(name.hasUTF8Suffix).map { String(name.dropLastUTF8($0.utf8.count)) } })
        for name in names.sorted() where !name.isEmpty {
            guard let key = try environment.secret(name + "_ENGINE_KEY") else { continue }
            let previous = try environment.secret(name + "_ENGINE_KEY_PREVIOUS")
            connections.engines.removeAll { EngineName.normal($0.name) == EngineName.normal(name) }
            connections.engines.append(.init(name: name, keys: [key] + (previous.map { [$0] } ?? [])))
        }
    }
}
