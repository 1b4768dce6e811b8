import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// The rate-limit quotas: stores them and counts every request. Without any quota a request costs one atomic load.
final class RateLimits: Sendable {
    static let prefix = "sys/quota/rate-limit/"
    static let configurationKey = "sys/quota/config"
    static let quotasMax = 1_000

    /// A quota and its clients.
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
        /// The quotas by mount path, the most specific first. Those that cover all requests are under the empty path.
        var byMount: [String: [Active]] = [:]
    }

    private let storage: any Storage
    private let time: any TimeSource
    private let logger: Logger
    private let table = UnfairLock(Table())
    /// Limits requests to the quotas' paths, which the configured quotas do not count: enough to change a quota, and too few to
    /// flood the server.
    private let forQuotas = UnfairLock(ClientBuckets(RateLimitQuota(name: "", rate: 200)))
    private let hasQuotas = Atomic(false)
    private let hasDamage = Atomic(false)
    private let writers = WriterQueues()
    private let reloads = WriterQueues()

    init(storage: any Storage, time: any TimeSource, logger: Logger) {
        self.logger = logger
        self.storage = storage
        self.time = time
    }

    /// Reads all quotas from the store, at unseal and when another node changed one. Unchanged quotas keep their counts.
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

    /// Returns a stored record, or nil if there is none or it is damaged. A damaged one is logged and limits nothing until it is
    /// written again: it must not keep the server sealed.
    private func stored<Value>(
        _ key: String, _ isDamaged: inout Bool, parse: (JSON) -> Value?
    ) async throws(StorageError) -> Value? {
        do throws(StorageError) {
            guard let record = try await storage.get(key) else { return nil }
            guard let value = (try? JSON(parsing: record.value)).flatMap(parse) else { throw .corrupted(key: key) }
            return value
        } catch .corrupted(let key) {
            isDamaged = true
            logger.error(
                "a stored rate limit is damaged and not applied; write it again at sys/quotas", metadata: ["record": "\(key)"])
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

    /// Returns whether the left quota is more specific: roles before paths, longer paths before shorter ones, and paths before
    /// whole mounts.
    private static func isBefore(_ left: RateLimitQuota, _ right: RateLimitQuota) -> Bool {
        func order(_ quota: RateLimitQuota) -> (Int, Int, Int, String) {
            let isExact = !quota.suffix.isEmpty && !quota.suffix.hasUTF8Suffix("*")
            return (quota.role.isEmpty ? 1 : 0, isExact ? 0 : 1, -quota.suffix.utf8.count, quota.name)
        }
        return order(left) < order(right)
    }

    // MARK: Deciding

    /// Whether a stored quota or the quotas' configuration is damaged and so not applied.
    var isDamaged: Bool { hasDamage.load(ordering: .relaxed) }

    /// Whether there is any quota.
    var isAny: Bool { hasQuotas.load(ordering: .relaxed) }

    /// Counts a request against the quota that covers it, or returns nil if none does. `role` is called only if a quota of the
    /// mount names a role.
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

    /// Counts a request that was refused before its path was known against the quota for all requests, or returns nil if there is
    /// none.
    func takeGlobal(client address: String) -> (verdict: ClientBuckets.Verdict, configuration: QuotaConfiguration)? {
        guard isAny else { return nil }
        let (configuration, global) = table.withLock { ($0.configuration, $0.byMount[""]?.first) }
        guard let global else { return nil }
        return (global.buckets.withLock { $0.take(InlineLogins.source(address), at: time.now()) }, configuration)
    }

    // MARK: Changing

    /// The names of the quotas, sorted.
    var names: [String] { table.withLock { $0.byName.keys.sorted() } }
    /// The settings of all quotas.
    var configuration: QuotaConfiguration { table.withLock { $0.configuration } }
    /// Returns the quota with this name, or nil if there is none.
    func quota(_ name: String) -> RateLimitQuota? { table.withLock { $0.byName[name]?.quota } }

    /// Creates or replaces a quota. Throws if another quota covers the same requests or there are too many.
    func write(_ quota: RateLimitQuota) async throws {
        try await writers.inTurn("quotas") {
            let others = table.withLock { $0.byName.values.map(\.quota) }.filter { $0.name != quota.name }
            if let twin = others.first(where: quota.hasSameScope) {
                throw CofferError.invalid("quota rule with similar properties exists under the name \"\(twin.name)\"")
            }
            guard others.count < Self.quotasMax else {
                throw CofferError(.tooLarge, "there are \(Self.quotasMax) rate-limit quotas, which is the limit; delete one first")
            }
            try await changeAndLoad {
                try await storage.put(Self.prefix + quota.name, quota.stored.encoded())
            } load: {
                try await load()
            }
            // A replaced quota starts counting at zero, even if it did not change.
            install { table in
                if table.byName[quota.name]?.quota == quota { table.byName[quota.name] = Active(quota) }
            }
        }
    }

    /// Deletes a quota, even if its record is damaged. Does nothing if none exists.
    func delete(_ name: String) async throws {
        try await writers.inTurn("quotas") {
            try await changeAndLoad {
                try await storage.delete(Self.prefix + name)
            } load: {
                try await load()
            }
        }
    }

    /// Changes the settings of all quotas.
    func configure(_ fields: Fields) async throws {
        try await writers.inTurn("quotas") {
            var changed = configuration
            try changed.update(fields)
            try await changeAndLoad {
                try await storage.put(Self.configurationKey, JSON.object(changed.shown).encoded())
            } load: {
                try await load()
            }
        }
    }

    /// Deletes the quotas of a removed mount.
    func mountRemoved(_ path: String) async throws {
        for name in names where quota(name)?.mountPath == path { try await delete(name) }
    }

    /// Moves the quotas of a mount to its new path.
    func mountMoved(from: String, to: String) async throws {
        for name in names {
            guard var quota = quota(name), quota.mountPath == from else { continue }
            quota.mountPath = to
            try await write(quota)
        }
    }
}
