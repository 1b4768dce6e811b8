import ConnectionsEngine
import CredentialChecks
import EngineAPI
import SecretMemory
import Syntax

extension ServerConfiguration {
    /// The settings of the connections engine and the Engine API.
    struct Connections: Sendable {
        /// The protocol of the engine control service.
        enum ControlProtocol: String, CaseIterable { case coffer, actions }

        /// An engine of the platform that may call the Engine API.
        struct Engine: Sendable {
            var name: String
            var keys: [String]
            var policies: [String] = []
        }

        /// The folder of platform profiles, which override built-in ones of the same name.
        var platformDirectory: String?
        /// Whether providers may have private addresses and use plain HTTP.
        var allowsPrivateEndpoints = false
        var engines: [Engine] = []
        /// The URL of the engine control service, which decides about calls instead of the engines'
        /// keys.
        var controlURL: String?
        var controlProtocol = ControlProtocol.coffer
        /// The name under which Coffer calls the engine control service.
        var controlID = "vault"
        var controlKey = ""
        /// Which databases connection tests may reach.
        var databaseTests = DatabaseReach.publicOnly
        var eventsURL: String?
        var eventsForm = EventSpool.Form.array
        var eventsToken = ""
        var eventsDirectory: String?
    }

    static let connectionKeys: Set<String> = [
        "platform_dir", "allow_private_endpoints", "engine", "engine_control_url", "engine_control_protocol",
        "engine_control_id", "engine_control_key", "events_url", "events_dir", "events_format",
        "connection_tests", "connection_test_allowed", "connection_test_ca_file",
    ]

    mutating func applyConnections(_ body: HCLBody) throws(HCLError) {
        if let text = try body.text("platform_dir") { connections.platformDirectory = text.isEmpty ? nil : text }
        if let isOn = try body.bool("allow_private_endpoints") { connections.allowsPrivateEndpoints = isOn }
        if let text = try body.text("engine_control_url") { connections.controlURL = text.isEmpty ? nil : text }
        connections.controlProtocol = try body.choice("engine_control_protocol") ?? connections.controlProtocol
        if let text = try body.text("engine_control_id") { connections.controlID = text }
        if let text = try body.text("engine_control_key") { connections.controlKey = text }
        connections.eventsForm = try body.choice("events_format") ?? connections.eventsForm
        if let text = try body.text("events_url") { connections.eventsURL = text.isEmpty ? nil : text }
        if let text = try body.text("events_dir") { connections.eventsDirectory = text.isEmpty ? nil : text }
        let state: DatabaseReach.State? = try body.choice("connection_tests")
        let allowed = try body.strings("connection_test_allowed")
        let authorities = try body.text("connection_test_ca_file")
        do throws(ConfigurationError) {
            try connections.reachDatabases(state, allowed, authorities: authorities)
        } catch {
            throw body.error("connection_test_allowed", DatabaseReach.entriesRule)
        }
        for block in try body.blocks("engine", labels: 1) {
            try block.body.refuseUnknown(except: ["keys", "policies"])
            let keys = try block.body.strings("keys") ?? []
            guard (1...EngineAccount.keysMax).contains(keys.count), keys.allSatisfy({ !$0.isEmpty }) else {
                throw HCLError(
                    "engine \(HCLError.quoted(block.labels[0])) needs keys: one, or two while a key is being replaced",
                    at: block.position)
            }
            connections.engines.append(
                .init(name: block.labels[0], keys: keys, policies: try block.body.strings("policies") ?? []))
        }
    }

    /// Applies the variables. `<NAME>_ENGINE_KEY` adds an engine; `<NAME>_ENGINE_KEY_PREVIOUS` is
    /// accepted, too, while a key is being replaced.
    mutating func applyConnections(_ environment: ServerEnvironment) throws(ConfigurationError) {
        if let text = environment["COFFER_PLATFORM_DIR"] { connections.platformDirectory = text }
        if let isOn = try Self.bool("COFFER_ALLOW_PRIVATE_ENDPOINTS", environment) { connections.allowsPrivateEndpoints = isOn }
        if let text = environment["COFFER_ENGINE_CONTROL_URL"] { connections.controlURL = text }
        connections.controlProtocol =
            try Self.choice("COFFER_ENGINE_CONTROL_PROTOCOL", environment) ?? connections.controlProtocol
        if let text = environment["COFFER_ENGINE_CONTROL_ID"] { connections.controlID = text }
        if let text = try environment.secret("COFFER_ENGINE_CONTROL_KEY") { connections.controlKey = text }
        connections.eventsForm = try Self.choice("COFFER_EVENTS_FORMAT", environment) ?? connections.eventsForm
        if let text = environment["COFFER_EVENTS_URL"] { connections.eventsURL = text }
        if let text = try environment.secret("COFFER_EVENTS_TOKEN") { connections.eventsToken = text }
        if let text = environment["COFFER_EVENTS_DIR"] { connections.eventsDirectory = text }
        try connections.reachDatabases(
            try Self.choice("COFFER_CONNECTION_TESTS", environment),
            environment["COFFER_CONNECTION_TEST_ALLOWED"].map { $0.splitUTF8(at: ",").map { String($0.trimmingASCIISpace()) } },
            authorities: environment["COFFER_CONNECTION_TEST_CA_FILE"])
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

extension ServerConfiguration.Connections {
    /// Sets what is given of which databases may be tested.
    fileprivate mutating func reachDatabases(
        _ state: DatabaseReach.State?, _ allowed: [String]?, authorities: String?
    ) throws(ConfigurationError) {
        guard
            let reach = databaseTests.changed(state: state, allowed: allowed, authoritiesFile: authorities)
        else { throw ConfigurationError("COFFER_CONNECTION_TEST_ALLOWED \(DatabaseReach.entriesRule)") }
        databaseTests = reach
    }
}
