import Barrier
import Core
import EngineKit
import HTTPShell
import Logging
import ServiceAPI
import ServiceLifecycle
import ServiceRules

/// The rooms of a server and their connections. Only this file and its extensions create them.
struct Composition: Sendable {
    /// What the listeners serve. Listeners try them in order, so the dialect whose prefix matches every path is last.
    var dialects: [any Dialect]
    /// Background work. It ends after the listeners have.
    var services: [any Service]
    /// Called on SIGHUP, after the configuration was read again.
    var reload: @Sendable () async -> Void
    /// The parts of the Service API that are kept when the configuration is read again; nil without a Service API.
    var serviceAPI: ServiceComposition?
    /// Seals and closes the storage. Called after everything else has ended.
    var close: @Sendable () async -> Void
    /// Lines that the server prints for its user when it listens; empty except in dev mode and after the first start.
    var announcement: [String]
}

/// The parts of the Service API that are kept when the configuration is read again.
struct ServiceComposition: Sendable {
    var settings: ServiceSettings
    var directory: ServiceDirectory
    var verifier: any ProviderVerifier
}

extension Composition {
    /// Opens the store, creates the core with its engines, and starts it.
    ///
    /// - Parameter engines: Engines to offer in addition to the built-in ones.
    /// - Throws: ``ConfigurationError`` if a setting is wrong. Nothing is left open then.
    init(_ configuration: ServerConfiguration, _ logs: LogStream, engines: [EngineDescription] = []) async throws {
        let (time, randomness) = (SteadyTime(), SystemRandomness())
        let store = try await OpenedStore(configuration, time: time, randomness: randomness, logs: logs)
        do {
            try await self.init(configuration, logs, engines: engines, in: store, time: time, randomness: randomness)
        } catch {
            await store.close()
            throw (error as? SealError).map { ConfigurationError("\($0)") } ?? error
        }
    }

    /// Creates the core on an open store.
    private init(
        _ configuration: ServerConfiguration, _ logs: LogStream, engines: [EngineDescription], in store: OpenedStore,
        time: SteadyTime, randomness: SystemRandomness
    ) async throws {
        let barrier = Barrier(base: store.storage, randomness: randomness, time: time)
        let seals = try Self.seals(configuration, logs.logger("server"))
        let controller = SealController(
            barrier: barrier, base: store.storage, seal: seals.current, previousSeal: seals.previous, randomness: randomness,
            time: time)
        let outbound = OutboundClients(configuration)
        let connections = try ConnectionsSetup(
            configuration, outbound: outbound, time: time, randomness: randomness,
            logger: logs.logger("connections"))
        let serviceAPI = try Self.serviceComposition(configuration, randomness, verifier: connections.providers)
        let core = Core(
            settings: configuration.coreSettings,
            environment: CoreEnvironment(
                catalog: try Self.catalog(
                    configuration, outbound: outbound, connections: connections, serviceAPI: serviceAPI,
                    users: try configuration.userAPI?.authenticator(
                        outbound: outbound.targets, time: time, logger: logs.logger("user-api")),
                    additional: engines),
                time: time,
                randomness: randomness, logger: logs.logger("core"), cluster: store.cluster),
            barrier: barrier, seal: controller, dropCaches: store.dropCaches)
        store.follow { change in try await core.drop(change) }
        var announcement: [String] = []
        try await core.start()
        if let dev = configuration.dev { announcement = try await DevServer(configuration: configuration, dev: dev).prepare(core) }
        if let store = configuration.selfInitialized { announcement = try await SelfInitializingServer(store).prepare(core) }
        await StartReport.tellWhatIsMissing(core, logs.logger("server"))
        self.init(
            dialects: Self.dialects(
                core, serviceAPI, users: configuration.userAPI?.settings, time: time, logger: logs.logger("server")),
            services: Self.jobs(of: core) + connections.services, reload: { core.reload() }, serviceAPI: serviceAPI,
            close: {
                await core.close()
                await store.close()
            }, announcement: announcement)
    }

    /// Returns the periodic work of the core as services. Each runs independently, because a slow database may delay an
    /// engine that revokes leases.
    private static func jobs(of core: Core) -> [any Service] {
        [
            EverySecond { await core.runJobs(round: $0) }, WhenRung(bell: core.leaseBell) { await core.runLeaseJobs() },
            EverySecond { _ in core.beginEngineRounds() }, EverySecond { _ in core.watch() },
        ]
    }

    private static func seals(_ configuration: ServerConfiguration, _ logger: Logger) throws -> ConfiguredSeals {
        do {
            return try ConfiguredSeals(configuration, logger: logger)
        } catch let error as SealError {
            throw ConfigurationError("\(error)")
        }
    }

    private static func serviceComposition(
        _ configuration: ServerConfiguration, _ randomness: any Randomness, verifier: any ProviderVerifier
    ) throws(ConfigurationError) -> ServiceComposition? {
        guard let services = configuration.services else { return nil }
        let directory = ServiceDirectory(services.settings, randomness: randomness)
        try ConfigurationError.wrapping { try directory.replace(services.accounts) }
        return ServiceComposition(settings: services.settings, directory: directory, verifier: verifier)
    }
}
