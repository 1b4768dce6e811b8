import AuthMethods
import Barrier
import ConnectionsEngine
import Core
import DatabaseEngine
import EngineKit
import KVEngine
import Logging
import ProjectsEngine
import RemoteKVEngine
import ServiceAPI
import ServiceLifecycle
import ServiceRules
import StorePostgres
import StoreSQLite
import TransitEngine

/// The one place where the rooms below are put together.
func makePipeline(
    _ configuration: ServerConfiguration, _ logs: LogStream, engines: [EngineDescription] = []
) async throws -> Composition {
    let (time, randomness) = (SteadyTime(), SystemRandomness())
    let store = try await openStore(configuration, time: time, randomness: randomness, logs)
    let barrier = Barrier(base: store.storage, randomness: randomness, time: time)
    let seals = try seals(configuration, logs.logger("server"))
    let controller = SealController(
        barrier: barrier, base: store.storage, seal: seals.current, previousSeal: seals.previous, randomness: randomness, time: time
    )
    let connections = try ConnectionsSetup(configuration, time: time, randomness: randomness, logger: logs.logger("connections"))
    let serviceAPI = try serviceComposition(configuration, randomness, connections.providers)
    let core = Core(
        settings: coreSettings(configuration),
        environment: CoreEnvironment(
            catalog: try catalog(engines, connections, serviceAPI, configuration.services?.remote), time: time,
            randomness: randomness, logger: logs.logger("core"), cluster: store.cluster),
        barrier: barrier, seal: controller, dropCaches: store.dropCaches)
    store.follow { change in try await core.drop(change) }
    var announcement: [String] = []
    do {
        try await core.start()
        if let dev = configuration.dev { announcement = try await DevServer(configuration, dev).prepare(core) }
        if let store = configuration.selfInitialized { announcement = try await SelfInitializingServer(store).prepare(core) }
        await StartReport.tellWhatIsMissing(core, logs.logger("server"))
    } catch {
        await store.close()
        throw (error as? SealError).map { ConfigurationError("\($0)") } ?? error
    }
    return Composition(
        pipeline: core, services: jobs(core) + connections.services,
        reload: { core.reload() },
        serviceAPI: serviceAPI,
        close: {
            await core.close()
            await store.close()
        }, announcement: announcement)
}

/// Apart from each other, because a database may keep a lease's engine waiting.
private func jobs(_ core: Core) -> [any Service] {
    [
        EverySecond { await core.runJobs(round: $0) }, WhenRung(bell: core.leaseBell) { await core.runLeaseJobs() },
        EverySecond { _ in core.beginEngineRounds() }, EverySecond { _ in core.watch() },
    ]
}

private func seals(_ configuration: ServerConfiguration, _ logger: Logger) throws -> ConfiguredSeals {
    do {
        return try ConfiguredSeals(configuration, logger: logger)
    } catch let error as SealError {
        throw ConfigurationError("\(error)")
    }
}

private func serviceComposition(
    _ configuration: ServerConfiguration, _ randomness: any Randomness, _ verifier: any ProviderVerifier
) throws(ConfigurationError) -> ServiceComposition? {
    guard let services = configuration.services else { return nil }
    let directory = ServiceDirectory(services.settings, randomness: randomness)
    do throws(ServiceCatalogError) {
        try directory.replace(services.accounts)
    } catch {
        throw ConfigurationError("\(error)")
    }
    return ServiceComposition(settings: services.settings, directory: directory, verifier: verifier)
}

private func catalog(
    _ more: [EngineDescription], _ connections: ConnectionsSetup, _ serviceAPI: ServiceComposition?,
    _ remote: RemoteVaultSettings?
) throws(ConfigurationError) -> EngineCatalog {
    var catalog = EngineCatalog()
    for engine in more { catalog.addSecretsEngine(engine) }
    catalog.addSecretsEngine(projectsDescription)
    if let remote { catalog.addSecretsEngine(remoteKVDescription(try RemoteVaultClient(remote), mount: remote.mount)) }
    for description in serviceAPI.map({ ServiceAuthenticator.descriptions($0.directory) }) ?? [] {
        catalog.addInlineAuthenticator(description)
    }
    catalog.addSecretsEngine(kvDescription)
    catalog.addSecretsEngine(connectionsDescription(connections.environment))
    catalog.addInlineAuthenticator(connections.authenticator)
    catalog.addSecretsEngine(databaseDescription())
    catalog.addSecretsEngine(transitDescription)
    catalog.addAuthMethod(appRoleDescription)
    catalog.addAuthMethod(userpassDescription())
    return catalog
}

private struct Store: Sendable {
    var storage: any Storage
    var dropCaches: @Sendable () -> Void = {}
    /// nil where there can be only one node.
    var cluster: (any Cluster)?
    /// Has the core told of what other nodes change, after the cache of sealed records was.
    var follow: @Sendable (@escaping @Sendable (StorageChange) async throws -> Void) -> Void = { _ in }
    var close: @Sendable () async -> Void = {}
}

/// Of sealed records; what a busy server reads again and again fits.
private let cacheBytesMax = 32 << 20

private func openStore(
    _ configuration: ServerConfiguration, time: any TimeSource, randomness: any Randomness, _ logs: LogStream
) async throws -> Store {
    switch configuration.storage {
    case .sqlite(let directory)?: try openSQLite(directory, logs)
    case .postgresql(let settings)?: try await openPostgres(settings, configuration, time: time, randomness: randomness, logs)
    case .memory?, nil: Store(storage: MemoryStorage())
    }
}

private func openSQLite(_ directory: String, _ logs: LogStream) throws -> Store {
    let sqlite: SQLiteStorage
    do {
        sqlite = try SQLiteStorage(directory: directory, logger: logs.logger("store"))
    } catch {
        throw ConfigurationError("\(error)")
    }
    let cached = CachedStorage(base: sqlite, bytesMax: cacheBytesMax)
    sqlite.onRepair { cached.removeAll() }
    return Store(storage: cached, dropCaches: { cached.removeAll() }, close: { await sqlite.close() })
}

private func openPostgres(
    _ settings: PostgresSettings, _ configuration: ServerConfiguration, time: any TimeSource, randomness: any Randomness,
    _ logs: LogStream
) async throws -> Store {
    let identity = NodeIdentity(
        name: configuration.ownNodeName, address: configuration.apiAddress, clusterAddress: configuration.clusterAddress)
    let postgres: PostgresStorage
    do {
        postgres = try await PostgresStorage(
            settings, identity, time: time, randomness: randomness, logger: logs.logger("store"))
    } catch {
        throw ConfigurationError("\(error)")
    }
    let cached = CachedStorage(base: postgres, bytesMax: cacheBytesMax)
    postgres.onChange { change in cached.drop(change) }
    return Store(
        storage: cached, dropCaches: { cached.removeAll() }, cluster: postgres.cluster, follow: { postgres.onChange($0) },
        close: { await postgres.close() })
}

private func coreSettings(_ configuration: ServerConfiguration) -> CoreSettings {
    var settings = CoreSettings()
    settings.defaultTTL = configuration.defaultLeaseTTL
    settings.maxTTL = configuration.maxLeaseTTL
    settings.nodeID = configuration.ownNodeName
    settings.clusterName = configuration.clusterName
    settings.apiAddress = configuration.apiAddress
    settings.clusterAddress = configuration.clusterAddress
    settings.storageType = configuration.storage?.name ?? "inmem"
    settings.auditDirectories = configuration.auditDirectories
    settings.auditDisableOnStart = configuration.auditDisableOnStart
    settings.acceptsEarlierClock = configuration.acceptsEarlierClock
    settings.lockouts = configuration.lockouts
    settings.defaultMounts = [
        InitialMount(
            path: "connections/", type: "connections", options: [:], description: "OAuth connections of users and projects")
    ]
    if let services = configuration.services {
        let local = ServiceSettings().mount
        settings.mounts = [
            InitialMount(path: local, type: "kv", options: ["version": "2"], description: "secrets of the Service API"),
            InitialMount(
                path: services.settings.projectsMount, type: "projects", options: [:], description: "projects of the Service API"),
        ]
        if services.remote != nil {
            settings.mounts.append(
                InitialMount(
                    path: services.settings.mount, type: "remote-kv", options: [:],
                    description: "secrets of the Service API on another server"))
        }
    }
    settings.allowsUnauthenticatedRekey = configuration.allowsUnauthenticatedRekey
    return settings
}
