import EngineKit
import StoreKit
import StorePostgres
import StoreSQLite

/// An open store, and what the server does with it besides reading and writing.
struct OpenedStore: Sendable {
    var storage: any Storage
    /// Removes everything from the cache of encrypted records.
    var dropCaches: @Sendable () -> Void = {}
    /// The nodes of the store; nil if there can be only one.
    var cluster: (any Cluster)?
    /// Calls the handler when other nodes have changed something, after the cache of encrypted records was updated.
    var follow: @Sendable (@escaping @Sendable (StorageChange) async throws -> Void) -> Void = { _ in }
    var close: @Sendable () async -> Void = {}
}

extension OpenedStore {
    /// Opens the store that the configuration names.
    init(
        _ configuration: ServerConfiguration, time: any TimeSource, randomness: any Randomness, logs: LogStream
    ) async throws {
        switch configuration.storage {
        case .sqlite(let directory)?: self = try Self.sqlite(directory, logs)
        case .postgresql(let settings)?:
            self = try await Self.postgres(settings, configuration, time: time, randomness: randomness, logs: logs)
        case .memory?, nil: self.init(storage: MemoryStorage())
        }
    }

    /// The size of the cache of encrypted records, in bytes. It is enough for what a busy server reads repeatedly.
    private static let cacheBytesMax = 32 << 20

    private static func sqlite(_ directory: String, _ logs: LogStream) throws -> OpenedStore {
        let sqlite = try ConfigurationError.wrapping { try SQLiteStorage(directory: directory, logger: logs.logger("store")) }
        let cached = CachedStorage(base: sqlite, bytesMax: cacheBytesMax)
        sqlite.onRepair { cached.removeAll() }
        return OpenedStore(storage: cached, dropCaches: { cached.removeAll() }, close: { await sqlite.close() })
    }

    private static func postgres(
        _ settings: PostgresSettings, _ configuration: ServerConfiguration, time: any TimeSource, randomness: any Randomness,
        logs: LogStream
    ) async throws -> OpenedStore {
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
        return OpenedStore(
            storage: cached, dropCaches: { cached.removeAll() }, cluster: postgres.cluster, follow: { postgres.onChange($0) },
            close: { await postgres.close() })
    }
}
