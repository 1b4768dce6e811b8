import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// The rate-limit quotas: on record as they were written, and at work for every request.
///
/// Without a quota a request pays for one look at a flag.
final class RateLimits: Sendable {
    static let prefix = "sys/quota/rate-limit/"
    static let configurationKey = "sys/quota/config"
    static let quotasMax = 1_000

    private struct Active: Sendable {
        let quota: RateLimitQuota
        let buckets: UnfairLock<ClientBuckets>

        init(_ quota: RateLimitQuota) {
            self.quota = quota
            buckets = UnfairLock(ClientBuckets(quota))
        }
    }

    private struct Table: Sendable {
        var configuration = QuotaConfiguration()
        var byName: [String: Active] = [:]
        /// By mount; the global ones lie at "". The most special first.
        var byMount: [String: [Active]] = [:]
    }

    private let storage: any Storage
    private let time: any TimeSource
    private let logger: Logger
    private let table = UnfairLock(Table())
    /// The paths that no quota of the operator's is for: enough to change one, and too little to flood the server with.
    private let forQuotas = UnfairLock(ClientBuckets(RateLimitQuota(name: "", rate: 200)))
    private let hasQuotas = Atomic(false)
    private let hasDamage = Atomic(false)
    private let lines = WriterQueues()
    private let reloads = WriterQueues()

    init(storage: any Storage, time: any TimeSource, logger: Logger) {
        self.logger = logger
        self.storage = storage
        self.time = time
    }

    /// Reads all there is. Call after an unseal, so that the first request is limited already, and when another node changed
    /// something. Quotas that are as they were go on counting.
    func load() async throws { try await reloads.inTurn("quotas") { try await read() } }

    private func read() async throws {
        var quotas: [RateLimitQuota] = []
        var isDamaged = false
        for name in try await storage.list(Listing(prefix: Self.prefix, limit: StorageLimits.pageMax)) {
            if let quota = try await stored(Self.prefix + name, &isDamaged, parse: RateLimitQuota.init(stored:)) {
                quotas.append(quota)
            }
        }
        let configuration =
            try await stored(Self.configurationKey, &isDamaged, parse: QuotaConfiguration.init(stored:)) ?? QuotaConfiguration()
        hasDamage.store(isDamaged, ordering: .relaxed)
        install { table in
            table.configuration = configuration
            let old = table.byName
            let active = quotas.map { quota in
                if let known = old[quota.name], known.quota == quota { return known }
                return Active(quota)
            }
            table.byName = Dictionary(active.map { ($0.quota.name, $0) }) { first, _ in first }
        }
    }

    /// One that is damaged limits nobody until it is written again; it does not keep the server from opening.
    private func stored<Value>(
        _ key: String, _ isDamaged: inout Bool, parse: (JSON) -> Value?
    ) async throws(StorageError) -> Value? {
        do throws(StorageError) {
            guard let record = try await storage.get(key) else { return nil }
            guard let value = (try? JSON(parsing: record.value)).flatMap(parse) else { throw .corrupted(key: key) }
            return value
        } catch .corrupted(let key) {
            isDamaged = true
            logger.error("a rate limit cannot be read and is not applied; write it again", metadata: ["record": "\(key)"])
            return nil
        }
    }

    private func install(_ change: (inout Table) -> Void) {
        let isAny = table.withLock { table in
            change(&table)
            let active = table.byName.values.sorted { Self.isBefore($0.quota, $1.quota) }
            table.byMount = Dictionary(grouping: active, by: \.quota.mountPath)
            return !active.isEmpty
        }
        hasQuotas.store(isAny, ordering: .relaxed)
    }

    /// A role before paths, longer paths before shorter ones, paths before the mount itself.
    private static func isBefore(_ left: RateLimitQuota, _ right: RateLimitQuota) -> Bool {
        func order(_ quota: RateLimitQuota) -> (Int, Int, Int, String) {
            let isExact = !quota.suffix.isEmpty && !quota.suffix.hasUTF8Suffix("*")
            return (quota.role.isEmpty ? 1 : 0, isExact ? 0 : 1, -quota.suffix.utf8.count, quota.name)
        }
        return order(left) < order(right)
    }

    // MARK: Deciding

    /// Whether a stored rate limit, or their configuration, cannot be read and so is not applied.
    var isDamaged: Bool { hasDamage.load(ordering: .relaxed) }

    var isAny: Bool { hasQuotas.load(ordering: .relaxed) }

    /// nil when no quota is for this request. `role` is asked only where a quota names one.
    func take(
        _ path: CanonicalPath, mounts: MountRouter, client address: String, role: () async throws -> String?
    ) async rethrows -> (verdict: ClientBuckets.Verdict, configuration: QuotaConfiguration)? {
        guard isAny else { return nil }
        let routed = mounts.route(path.text)
        let (configuration, own, global) = table.withLock { table in
            (table.configuration, routed.flatMap { table.byMount[$0.mount.entry.path] } ?? [], table.byMount[""] ?? [])
        }
        let client = InlineLogins.source(address)
        guard !configuration.isExempt(path) else { return nil }
        guard !QuotaConfiguration.isOwn(path) else {
            return (forQuotas.withLock { $0.take(client, at: time.now()) }, configuration)
        }
        let fitting = own.filter { $0.quota.rank(routed?.relative ?? "") != nil }
        var caller: String?
        if fitting.contains(where: { !$0.quota.role.isEmpty }) { caller = try await role() }
        let chosen = fitting.first { $0.quota.role.isEmpty || $0.quota.role == caller } ?? global.first
        guard let chosen else { return nil }
        return (chosen.buckets.withLock { $0.take(client, at: time.now()) }, configuration)
    }

    /// For what is refused before it has a path: only the quota for everything counts it.
    func takeGlobal(client address: String) -> (verdict: ClientBuckets.Verdict, configuration: QuotaConfiguration)? {
        guard isAny else { return nil }
        let (configuration, global) = table.withLock { ($0.configuration, $0.byMount[""]?.first) }
        guard let global else { return nil }
        return (global.buckets.withLock { $0.take(InlineLogins.source(address), at: time.now()) }, configuration)
    }

    // MARK: Changing

    var names: [String] { table.withLock { $0.byName.keys.sorted() } }
    var configuration: QuotaConfiguration { table.withLock { $0.configuration } }
    func quota(_ name: String) -> RateLimitQuota? { table.withLock { $0.byName[name]?.quota } }

    func write(_ quota: RateLimitQuota) async throws {
        try await lines.inTurn("quotas") {
            let others = table.withLock { $0.byName.values.map(\.quota) }.filter { $0.name != quota.name }
            if let twin = others.first(where: quota.hasSameScope) {
                throw CofferError.invalid("quota rule with similar properties exists under the name \"\(twin.name)\"")
            }
            guard others.count < Self.quotasMax else { throw CofferError(.tooLarge, "there are too many quotas") }
            var batch = Batch()
            batch.put(Self.prefix + quota.name, quota.stored.encoded())
            try await storage.commit(batch)
            try await load()
            // Counting starts anew under a changed rule, as a client could not know how much was left of the old one.
            install { table in
                if table.byName[quota.name]?.quota == quota { table.byName[quota.name] = Active(quota) }
            }
        }
    }

    /// Removes a quota, also one whose record is damaged. Nothing to do for one that is not there.
    func delete(_ name: String) async throws {
        try await lines.inTurn("quotas") {
            var batch = Batch()
            batch.delete(Self.prefix + name)
            try await storage.commit(batch)
            try await load()
        }
    }

    func configure(_ fields: Fields) async throws {
        try await lines.inTurn("quotas") {
            var changed = configuration
            try changed.update(fields)
            var batch = Batch()
            batch.put(Self.configurationKey, JSON.object(changed.shown).encoded())
            try await storage.commit(batch)
            try await load()
        }
    }

    /// A mount went away: so do its quotas.
    func mountRemoved(_ path: String) async throws {
        for name in names where quota(name)?.mountPath == path { try await delete(name) }
    }

    /// A mount moved: its quotas go with it.
    func mountMoved(from: String, to: String) async throws {
        for name in names {
            guard var quota = quota(name), quota.mountPath == from else { continue }
            quota.mountPath = to
            try await write(quota)
        }
    }
}
