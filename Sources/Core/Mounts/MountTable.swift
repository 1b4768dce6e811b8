import EngineKit
import Logging
import Records
import Syntax

/// The mounts: one record, changed by compare-and-swap, and the router made from it.
final class MountTable: Sendable {
    static let key = "sys/mounts"
    static let entriesMax = 10_000

    private let storage: any Storage
    private let environment: MountEnvironment
    private let state = UnfairLock(State())
    private let reloads = WriterQueues()
    /// Of mounts that a request of this process takes away.
    private let removing = UnfairLock<Set<String>>([])
    /// Mounts whose removal the log has told to be damaged.
    private let damaged = UnfairLock<Set<String>>([])

    private struct State {
        var router = MountRouter([])
        /// Every mount there is.
        var entries: [MountEntry] = []
        var builtIn: [BuiltInMount] = []
        var isClosed = false
    }

    init(storage: any Storage, environment: MountEnvironment) {
        self.storage = storage
        self.environment = environment
    }

    var router: MountRouter { state.withLock { $0.router } }
    /// The server was sealed, so that nothing is mounted says nothing about what there is.
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Every mount there is, the built-in ones too.
    var entries: [MountEntry] { state.withLock { $0.entries } }

    /// By its uuid or, where that is not known, the one that a path is in.
    func mount(id: String, path: String) -> Mount? {
        let router = router
        return id.isEmpty ? router.route(path)?.mount : router.mounts.values.first { $0.entry.uuid == id }
    }

    /// False once the mount was taken away; one that was tuned or moved is the same.
    func holds(_ mount: Mount) -> Bool {
        let mounts = router.mounts
        return mounts[mount.entry.path] === mount || mounts.values.contains { $0.entry.uuid == mount.entry.uuid }
    }

    func mount(accessor: String) -> Mount? { router.mountsByAccessor[accessor] }
    func entry(at path: String) -> MountEntry? { entries.first { $0.path == path } }

    /// Reads the table and mounts everything in it. Call after an unseal.
    func load(builtIn: [BuiltInMount]) async throws {
        state.withLock { $0.builtIn = builtIn }
        if !environment.isShared { _ = try await finishRemovals(leftFor: [:], looksMax: 0) }
        try await reload()
    }

    /// Mounts what the table holds now, changed by whomever. Whoever read last installs last.
    func reload() async throws {
        try await reloads.inTurn(Self.key) { install(try await read().entries) }
    }

    /// Lets go of every engine; the system's holds this table and all that was opened beside it.
    func close() { state.withLock { $0 = State(isClosed: true) } }

    /// Changes the table in one atomic step: `body` sees it as it is and may be called again after a conflict.
    func change(alsoWriting extra: Batch = Batch(), _ body: (inout [MountEntry]) throws(CofferError) -> Void) async throws {
        try await storage.transact { batch in
            let current = try await read()
            var entries = current.entries
            try body(&entries)
            guard entries.count <= Self.entriesMax else { throw CofferError(.tooLarge, "there are too many mounts") }
            batch = extra
            batch.put(Self.key, Self.encode(entries), if: current.precondition)
        }
        try await reload()
    }

    static func encode(_ entries: [MountEntry]) -> [UInt8] { JSON.array(entries.map { .object($0.stored) }).encoded() }

    private func read() async throws(StorageError) -> (entries: [MountEntry], precondition: Batch.Precondition) {
        let record = try await storage.get(Self.key)
        guard let record else { return ([], .absent) }
        guard let rows = (try? JSON(parsing: record.value))?.arrayValue else { throw .corrupted(key: Self.key) }
        let entries = rows.compactMap(MountEntry.init(stored:))
        guard entries.count == rows.count else { throw .corrupted(key: Self.key) }
        return (entries, .version(record.version))
    }

    /// Keeps the engines of unchanged entries, so that what they hold open stays open.
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

    /// Takes a mount away, then deletes its records; what is interrupted in between is finished by
    /// ``finishRemovals(leftFor:looksMax:)``.
    ///
    /// `beforeDeleting` runs when no request reaches the mount any more and its records are still there.
    func remove(_ entry: MountEntry, beforeDeleting: () async throws -> Void = {}) async throws {
        _ = removing.withLock { $0.insert(entry.uuid) }
        defer { _ = removing.withLock { $0.remove(entry.uuid) } }
        var batch = Batch()
        batch.put("sys/unmounting/\(entry.uuid)", Array(entry.accessor.utf8))
        try await change(alsoWriting: batch) { entries throws(CofferError) in entries.removeAll { $0.uuid == entry.uuid } }
        try await beforeDeleting()
        try await finishRemoval(of: entry.uuid, accessor: entry.accessor)
    }

    /// Finishes removals that a crash interrupted: those that were under way at so many earlier looks, each of which is given to
    /// the next. Another node may be taking back what the mount's engine has given, which needs its records: it has a minute
    /// for that.
    func finishRemovals(leftFor earlier: [String: Int], looksMax: Int) async throws -> [String: Int] {
        var left: [String: Int] = [:]
        for uuid in try await storage.list(Listing(prefix: "sys/unmounting/")) where !removing.withLock({ $0.contains(uuid) }) {
            let looks = earlier[uuid, default: 0] + 1
            guard looks > looksMax else {
                left[uuid] = looks
                continue
            }
            do {
                try await finishRemoval(of: uuid, accessor: try await accessor(ofRemoved: uuid))
            } catch StorageError.corrupted(let key) {
                // One damaged record keeps neither the server from opening nor the other removals from being finished.
                complain("a mount's removal cannot be finished; its records stay", mount: uuid, record: key)
                left[uuid] = looks
            }
        }
        return left
    }

    /// Returns the mount's accessor, or an empty text when the note cannot be read. Aliases of the mount then stay; nobody can use them.
    private func accessor(ofRemoved uuid: String) async throws(StorageError) -> String {
        let key = "sys/unmounting/\(uuid)"
        do throws(StorageError) {
            return try await storage.get(key).map { String(decoding: $0.value, as: UTF8.self) } ?? ""
        } catch .corrupted(let damaged) {
            // Nothing but the name of the note is left to say that the mount is gone.
            guard try await !read().entries.contains(where: { $0.uuid == uuid }) else { throw .corrupted(key: damaged) }
            complain("the note of a mount's removal cannot be read; its records are deleted", mount: uuid, record: damaged)
            return ""
        }
    }

    /// Once for each removal, for it is looked at every few seconds.
    private func complain(_ message: Logger.Message, mount uuid: String, record: String) {
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
            var batch = Batch()
            for name in names { batch.delete(prefix + name) }
            try await storage.commit(batch)
        }
        var batch = Batch()
        batch.delete("sys/unmounting/\(uuid)")
        try await storage.commit(batch)
    }
}

/// `sys/` or `auth/token/`: always there, and no request can remove it. A row of the table only holds how it was tuned.
struct BuiltInMount: Sendable {
    var entry: MountEntry
    var makeEngine: @Sendable (MountEntry) -> any Engine

    func entry(tunedBy rows: [MountEntry]) -> MountEntry {
        guard let row = rows.first(where: { $0.uuid == entry.uuid && $0.path == entry.path }) else { return entry }
        var tuned = entry
        tuned.tuning = row.tuning
        tuned.description = row.description
        return tuned
    }
}

/// What it takes to make an engine for a row of the table.
struct MountEnvironment: Sendable {
    var storage: any Storage
    var catalog: EngineCatalog
    var settings: CoreSettings
    var time: any TimeSource
    var randomness: any Randomness
    var logger: Logger
    var passwords: PasswordPolicyStore
    /// Other nodes serve the same store.
    var isShared = false
    var record: @Sendable (ServerAct, MountEntry) async throws -> Void = { _, _ in }
    /// Removes what is kept elsewhere about a mount that is gone, by its accessor. May be called again.
    var forgetMount: @Sendable (String) async throws -> Void = { _ in }

    /// An engine that refuses everything stands in for a type that this build does not know or that fails to start,
    /// so that one bad mount never keeps the server from unsealing.
    func makeEngine(_ entry: MountEntry) -> any Engine {
        guard let description = catalog.description(of: entry) else {
            logger.error("mount has an unknown engine type", metadata: ["mount": "\(entry.path)", "type": "\(entry.type)"])
            return UnavailableEngine()
        }
        guard !description.isServersOwn || settings.mounts.contains(where: { $0.path == entry.path && $0.type == entry.type })
        else {
            // Left by a configuration that is no more, or by a version that let anybody mount it.
            logger.error(
                "only the configuration may mount this engine type; the mount is not served and can be disabled",
                metadata: ["mount": "\(entry.path)", "type": "\(entry.type)"])
            return UnavailableEngine()
        }
        do {
            return try description.make(context(entry))
        } catch {
            logger.error("engine did not start", metadata: ["mount": "\(entry.path)", "type": "\(entry.type)"])
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

/// Stands where an engine could not be made.
struct UnavailableEngine: Engine {
    var paths: [EnginePath] {
        let refuse: EnginePath.Handler = { _ in
            throw CofferError(.unavailable, "this mount's engine is not available in this build; see the server's log")
        }
        let operations: [Operation] = [.read, .list, .update, .patch, .delete]
        return [
            EnginePath(
                "{path...}", "Not available.", isOpen: true,
                endpoints: Dictionary(uniqueKeysWithValues: operations.map { ($0, .init("Refused.", refuse)) }))
        ]
    }
}
