import ConnectionsEngine
import Core
import CredentialChecks
import EngineAPI
import EngineKit
import Foundation
import Logging
import Outbound
import SecretMemory
import ServiceLifecycle

/// What the connections engine and the Engine API need besides the pipeline.
struct ConnectionsSetup {
    var environment: ConnectionsEnvironment
    var authenticator: InlineAuthenticatorDescription
    /// Tests credentials at their providers.
    var checker: CredentialChecker
    /// Checks credentials of providers for services.
    var providers: PlatformProviders
    var services: [any Service] = []

    init(
        _ configuration: ServerConfiguration, outbound: OutboundClients, time: any TimeSource, randomness: any Randomness,
        logger: Logger
    ) throws {
        let settings = configuration.connections
        let catalog = try Self.catalog(settings.platformDirectory)
        // Names of databases come from callers, so they have threads of their own to be looked up with.
        checker = CredentialChecker(
            outbound: outbound.verification, resolver: SystemResolver(threads: 2), reach: settings.databaseTests, time: time)
        providers = PlatformProviders(catalog, checker: checker)
        environment = ConnectionsEnvironment(
            catalog: catalog, outbound: outbound.providers,
            callbackURL: configuration.apiAddress.isEmpty ? "" : configuration.apiAddress + "/oauth/callback")
        if let url = settings.eventsURL {
            var spool = EventSpool.Settings(url: url)
            spool.token = settings.eventsToken
            spool.form = settings.eventsForm
            spool.directory = settings.eventsDirectory ?? configuration.storageDirectory.map { $0 + "/events" }
            guard let sink = EventSpool(spool, outbound: outbound.events, time: time, randomness: randomness, logger: logger) else {
                throw ConfigurationError("events_url must be an http or https URL, and events_dir a directory that can be written")
            }
            environment.events = sink
            services.append(EventSpoolService(spool: sink))
        }
        authenticator = try Self.authenticator(
            configuration, outbound.engineControl, time: time, randomness: randomness, logger: logger)
    }

    private static func catalog(_ directory: String?) throws -> PlatformCatalog {
        guard let directory else { return .builtIn }
        let found = PlatformCatalog.lint(directory)
        if let problem = found.problems.first { throw ConfigurationError("\(problem)") }
        return .builtIn.overridden(by: found.profiles)
    }

    private static func authenticator(
        _ configuration: ServerConfiguration, _ outbound: OutboundClient, time: any TimeSource, randomness: any Randomness,
        logger: Logger
    ) throws -> InlineAuthenticatorDescription {
        let settings = configuration.connections
        var accounts: [EngineAccount] = []
        for engine in settings.engines {
            if EngineName.normal(engine.name) == "local", configuration.dev == nil {
                logger.warning("LOCAL_ENGINE_KEY is for dev mode only and is ignored")
                continue
            }
            accounts.append(
                EngineAccount(name: engine.name, keys: engine.keys.map { SecretBytes(Array($0.utf8)) }, policies: engine.policies))
        }
        let known = EngineAuthenticator(accounts, randomness: randomness)
        if let url = settings.controlURL {
            var speech = EngineControl.Speech.decisions
            if settings.controlProtocol == .actions {
                guard !settings.controlKey.isEmpty else {
                    throw ConfigurationError("engine_control_protocol actions needs engine_control_key (COFFER_ENGINE_CONTROL_KEY)")
                }
                speech = .actions(id: settings.controlID, key: SecretBytes(Array(settings.controlKey.utf8)), engines: known)
            }
            guard let control = EngineControl(url: url, speech: speech, outbound: outbound, time: time, randomness: randomness)
            else {
                throw ConfigurationError("engine_control_url must be an http or https URL")
            }
            return InlineAuthenticatorDescription(kind: EngineCredentials.kind) { _ in control }
        }
        return InlineAuthenticatorDescription(kind: EngineCredentials.kind) { _ in known }
    }
}

extension ServerConfiguration {
    /// The directory of the store, or nil if everything is in memory.
    var storageDirectory: String? {
        if case .sqlite(let directory)? = storage { directory } else { nil }
    }
}

/// Sends events until the server ends, and then keeps what was not sent.
struct EventSpoolService: Service {
    let spool: EventSpool

    func run() async throws {
        let spool = spool
        try await EverySecond { _ in await spool.runRound() }.run()
        spool.finish()
    }
}
