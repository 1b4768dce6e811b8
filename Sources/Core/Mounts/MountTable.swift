import EngineKit
import Logging
import Records
import Syntax

/// The table of mounts, one stored record that is changed by compare-and-swap, and the router built from it.
final class MountTable: Sendable {
    static let key = "sys/mounts"
    static let entriesMax = 10_000

    private let storage: any Storage
    private let environment: MountEnvironment
    private let state = UnfairLock(State())
    private let reloads = WriterQueues()
    /// The ids of the mounts that a request to this node is removing.
    private let removing = UnfairLock<Set<String>>([])
    /// The ids of the mounts whose damaged removal was logged.
    private let damaged = UnfairLock<Set<String>>([])

    private struct State {
        var router = MountRouter([])
        /// All mounts, the built-in ones included.
        var entries: [MountEntry] = []
        var builtIn: [BuiltInMount] = []
        var isClosed = false
    }

    init(storage: any Storage, environment: MountEnvironment) {
        self.storage = storage
        self.environment = environment
    }

    /// Finds the mount of a path.
    var router: MountRouter { state.withLock { $0.router } }
    /// Whether the server was sealed. The empty table then does not mean that nothing is mounted.
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// All mounts, the built-in ones included.
    var entries: [MountEntry] { state.withLock { $0.entries } }

    /// Returns the mount with this id or, if the id is empty, the mount that contains the path; nil if there is none.
    func mount(id: String, path: String) -> Mount? {
        let router = router
        return id.isEmpty ? router.route(path)?.mount : router.mounts.values.first { $0.entry.uuid == id }
    }

    /// Returns whether a mount still exists. Tuning and moving do not end it.
    func holds(_ mount: Mount) -> Bool {
        let mounts = router.mounts
        return mounts[mount.entry.path] === mount || mounts.values.contains { $0.entry.uuid == mount.entry.uuid }
    }

    /// Returns the mount with this accessor, or nil if there is none.
    func mount(accessor: String) -> Mount? { router.mountsByAccessor[accessor] }
    /// Returns the entry of the mount at exactly this path, or nil if there is none.
    func entry(at path: String) -> MountEntry? { entries.first { $0.path == path } }

    /// Reads the table and mounts its engines and the built-in ones. Call it once, at unseal.
    func load(builtIn: [BuiltInMount]) async throws {
        state.withLock { $0.builtIn = builtIn }
        if !environment.isShared { _ = try await finishRemovals(leftFor: [:], checksMax: 0) }
        try await reload()
    }

    /// Mounts what the table contains now. Reloads run one after the other, so the last result is the newest.
    func reload() async throws {
        try await reloads.inTurn(Self.key) { install(try await read().entries) }
    }

    /// Drops every engine, which breaks the reference cycle of the system engine with this table.
    func close() { state.withLock { $0 = State(isClosed: true) } }

    /// Changes the table atomically, together with the writes of `extra`.
    ///
    /// - Parameter body: Changes the entries. It is called again with the current ones after a conflict.
    func change(alsoWriting extra: Batch = Batch(), _ body: (inout [MountEntry]) throws(CofferError) -> Void) async throws {
        try await storage.transact { batch in
            let current = try await read()
            var entries = current.entries
            try body(&entries)
            guard entries.count <= Self.entriesMax else {
                throw CofferError(.tooLarge, "there are \(Self.entriesMax) mounts, which is the limit; disable one first")
            }
            batch = extra
            batch.put(Self.key, Self.encode(entries), if: current.precondition)
        }
        try await reload()
    }

    /// Returns the stored form of the table.
    static func encode(_ entries: [MountEntry]) -> [UInt8] { JSON.array(entries.map { .object($0.stored) }).encoded() }

    private func read() async throws(StorageError) -> (entries: [MountEntry], precondition: Batch.Precondition) {
        let record = try await storage.get(Self.key)
        guard let record else { return ([], .absent) }
        guard let rows = (try? JSON(parsing: record.value))?.arrayValue else { throw .corrupted(key: Self.key) }
        let entries = rows.compactMap(MountEntry.init(stored:))
        guard entries.count == rows.count else { throw .corrupted(key: Self.key) }
        return (entries, .version(record.version))
    }

    /// Replaces the mounts. The engines of unchanged entries are kept, with their caches and connections.
    private func install(_ rows: [MountEntry]) {
        state.withLock { state in
            guard !state.isClosed else { return }
            let old = state.router.mounts
            func mount(_ entry: MountEntry, _ make: (MountEntry) -> any Engine) -> Mount {
                if let mount = old[entry.path], mount.entry == entry { return mount }
                return Mount(entry: entry, engine: make(entry), catalog: environment.catalog)
            }
            let mounts =
                rows.filter { !$0.isBuiltIn }.map { mount($0, environment.makeEngine) }
                + state.builtIn.map { mount($0.entry(tunedBy: rows), $0.makeEngine) }
            state.router = MountRouter(mounts)
            state.entries = mounts.map(\.entry)
        }
    }

    // MARK: Removal

    /// Removes a mount and then deletes its records. ``finishRemovals(leftFor:checksMax:)`` finishes an interrupted removal.
    ///
    /// - Parameter beforeDeleting: Called when requests no longer reach the mount and its records still exist.
    func remove(_ entry: MountEntry, beforeDeleting: () async throws -> Void = {}) async throws {
        _ = removing.withLock { $0.insert(entry.uuid) }
        defer { _ = removing.withLock { $0.remove(entry.uuid) } }
        var batch = Batch()
        batch.put("sys/unmounting/\(entry.uuid)", Array(entry.accessor.utf8))
        try await change(alsoWriting: batch) { entries throws(CofferError) in entries.removeAll { $0.uuid == entry.uuid } }
        try await beforeDeleting()
        try await finishRemoval(of: entry.uuid, accessor: entry.accessor)
    }

    /// Finishes interrupted removals, except those that may be in progress on another node, which needs the mount's records to
    /// revoke its leases.
    ///
    /// - Parameters:
    ///   - earlier: The previous result.
    ///   - checksMax: The number of checks in which a removal is left alone.
    /// - Returns: The number of checks that have found each remaining removal, by the id of its mount.
    func finishRemovals(leftFor earlier: [String: Int], checksMax: Int) async throws -> [String: Int] {
        var left: [String: Int] = [:]
        for uuid in try await storage.list(Listing(prefix: "sys/unmounting/")) where !removing.withLock({ $0.contains(uuid) }) {
            let checks = earlier[uuid, default: 0] + 1
            guard checks > checksMax else {
                left[uuid] = checks
                continue
            }
            do {
                try await finishRemoval(of: uuid, accessor: try await accessor(ofRemoved: uuid))
            } catch StorageError.corrupted(let key) {
                // A damaged record must not keep the server sealed or the other removals unfinished.
                logDamage(
                    "cannot finish the removal of a mount because a record is damaged; the mount's records remain in the store",
                    mount: uuid, record: key)
                left[uuid] = checks
            }
        }
        return left
    }

    /// Returns the accessor in the note of a removal, or an empty string if the note is damaged. The mount's entity aliases then
    /// remain, unused.
    private func accessor(ofRemoved uuid: String) async throws(StorageError) -> String {
        let key = "sys/unmounting/\(uuid)"
        do throws(StorageError) {
            return try await storage.get(key).map { String(decoding: $0.value, as: UTF8.self) } ?? ""
        } catch .corrupted(let damaged) {
            // The note says only by its key that the mount was removed, so the table has to confirm it.
            guard try await !read().entries.contains(where: { $0.uuid == uuid }) else { throw .corrupted(key: damaged) }
            logDamage(
                "the note of a mount's removal is damaged; the mount's records are deleted, its entity aliases remain", mount: uuid,
                record: damaged)
            return ""
        }
    }

    /// Logs a damaged removal once, because it is found again every few seconds.
    private func logDamage(_ message: Logger.Message, mount uuid: String, record: String) {
        guard damaged.withLock({ $0.insert(uuid).inserted }) else { return }
        environment.logger.error(message, metadata: ["mount_id": "\(uuid)", "record": "\(record)"])
    }

    private func finishRemoval(of uuid: String, accessor: String) async throws {
        if !accessor.isEmpty { try await environment.forgetMount(accessor) }
        try await deleteRecords(of: uuid)
    }

    private func deleteRecords(of uuid: String) async throws(StorageError) {
        let prefix = "mount/\(uuid)/"
        while true {
            let names = try await storage.list(Listing(prefix: prefix, limit: 1_000, isRecursive: true))
            if names.isEmpty { break }
            try await OwnerScope.everybody.run { () throws(StorageError) in try await storage.delete(names, below: prefix) }
        }
        try await storage.delete("sys/unmounting/\(uuid)")
    }
}

/// A mount that always exists, such as `sys/` or `auth/token/`. The stored table contains only its tuning.
struct BuiltInMount: Sendable {
    var entry: MountEntry
    var makeEngine: @Sendable (MountEntry) -> any Engine

    /// Returns the entry with the tuning and description that the table has for it.
    func entry(tunedBy rows: [MountEntry]) -> MountEntry {
        guard let row = rows.first(where: { $0.uuid == entry.uuid && $0.path == entry.path }) else { return entry }
        var tuned = entry
        tuned.tuning = row.tuning
        tuned.description = row.description
        return tuned
    }
}

/// What is needed to create the engines of mounts.
struct MountEnvironment: Sendable {
    var storage: any Storage
    var catalog: EngineCatalog
    var settings: CoreSettings
    var time: any TimeSource
    var randomness: any Randomness
    var logger: Logger
    var passwords: PasswordPolicyStore
    /// Whether other nodes serve the same store.
    var isShared = false
    /// Records an act of a mount's engine in the audit log.
    var record: @Sendable (ServerAct, MountEntry) async throws -> Void = { _, _ in }
    /// Removes what other services store about a removed mount, by its accessor. It may be called again for the same one.
    var forgetMount: @Sendable (String) async throws -> Void = { _ in }

    /// Creates the engine of a mount. Returns an ``UnavailableEngine`` for a type that the server does not have or an engine that
    /// fails to start, so that one mount cannot keep the server sealed.
    func makeEngine(_ entry: MountEntry) -> any Engine {
        guard let description = catalog.description(of: entry) else {
            logger.error(
                "this version does not have the engine type of a mount, so the mount answers 503: run a version that has it",
                metadata: ["mount": "\(entry.path)", "type": "\(entry.type)"])
            return UnavailableEngine()
        }
        guard !description.isServersOwn || settings.mounts.contains(where: { $0.path == entry.path && $0.type == entry.type })
        else {
            // An earlier configuration or version of the server mounted it.
            logger.error(
                "only the server's configuration may mount this engine type, so the mount answers 503: configure it again or disable it",
                metadata: ["mount": "\(entry.path)", "type": "\(entry.type)"])
            return UnavailableEngine()
        }
        do {
            return try description.make(context(entry))
        } catch {
            var metadata = RepeatedFailures.metadata(of: error)
            (metadata["mount"], metadata["type"]) = ("\(entry.path)", "\(entry.type)")
            logger.error(
                "an engine failed to start, so its mount answers 503 until the server is unsealed again", metadata: metadata)
            return UnavailableEngine()
        }
    }

    private func context(_ entry: MountEntry) -> MountContext {
        var logger = logger
        logger[metadataKey: "mount"] = "\(entry.path)"
        var context = MountContext(
            path: entry.path, accessor: entry.accessor, options: entry.options, defaultTTL: entry.tuning.defaultTTL,
            maxTTL: entry.tuning.maxTTL, storage: PrefixedStorage(storage, prefix: entry.storagePrefix), time: time,
            randomness: randomness, logger: logger)
        context.record = { [record] act in try await record(act, entry) }
        context.lockout = entry.tuning.lockout.rules(over: settings.lockout(of: entry.type))
        context.isShared = isShared
        context.systemDefaultTTL = settings.defaultTTL
        context.systemMaxTTL = settings.maxTTL
        context.makePassword = { [passwords] in try await passwords.makePassword($0) }
        return context
    }
}

/// An engine that answers every request with 503, in place of one that could not be created.
struct UnavailableEngine: Engine {
    var paths: [EnginePath] {
        let refuse: EnginePath.Handler = { _ in
            throw CofferError(.unavailable, "this mount's engine is not available; the server's log says why")
        }
        let operations: [Operation] = [.read, .list, .update, .patch, .delete]
        let path = EnginePath("{path...}", "Not available.", isOpen: true)
        return [operations.reduce(path) { $0.adding($1, .init("Refused.", refuse)) }]
    }
}
