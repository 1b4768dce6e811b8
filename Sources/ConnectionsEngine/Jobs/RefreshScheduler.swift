import EngineKit
import Logging
import Synchronization
import Syntax

/// Walks the index of what falls due and has it refreshed: a lane for each platform, earliest first, with few calls at a
/// time, so that a slow or failing provider holds up no other one.
///
/// Memory is bounded by a page of the index for each lane, however many connections there are.
final class RefreshScheduler: Sendable {
    let refresher: Refresher
    private let lanes = Mutex<[String: Task<Void, Never>]>([:])
    private let isEnding = Atomic(false)

    static let pageSize = 500
    /// Of one lane; the next round begins it anew.
    static let pagesMax = 20
    static let lanesMax = 32
    static let atOnceForPlatformMax = 8
    private static let platformsMax = 4_096

    private struct Item: Sendable {
        var id: ConnectionID
        var moment: Int
    }

    init(refresher: Refresher) { self.refresher = refresher }

    // MARK: Lanes

    /// Begins a lane for each platform of which something is due and that has none yet. Nobody waits for them.
    func begin() async throws {
        let folders = try await refresher.store.storage.list(Listing(prefix: ConnectionStore.Key.due, limit: Self.platformsMax))
        for folder in folders where folder.hasUTF8Suffix("/") {
            let platform = String(folder.dropLastUTF8())
            guard !refresher.breaker.isOpen(platform, at: refresher.now), lanes.withLock({ $0[platform] == nil }) else { continue }
            if try await page(of: platform, after: nil, limit: 1).items.isEmpty { continue }
            start(platform)
        }
    }

    private func start(_ platform: String) {
        lanes.withLock { lanes in
            guard lanes[platform] == nil, lanes.count < Self.lanesMax, !isEnding.load(ordering: .relaxed) else { return }
            lanes[platform] = Task.detached { [self] in
                await run(platform)
                _ = self.lanes.withLock { $0.removeValue(forKey: platform) }
            }
        }
    }

    /// Once no lane is under way.
    func settled() async {
        while let lane = lanes.withLock({ $0.values.first }) { await lane.value }
    }

    /// Lets what is being asked for come to its end, and begins nothing more.
    func finish() async {
        isEnding.store(true, ordering: .relaxed)
        await settled()
        isEnding.store(false, ordering: .relaxed)
    }

    private func run(_ platform: String) async {
        do {
            var after: String?
            for _ in 0..<Self.pagesMax {
                let (items, last) = try await page(of: platform, after: after, limit: Self.pageSize)
                await refresh(items, of: platform)
                guard let last, !isStopped(platform) else { return }
                after = last
            }
        } catch {
            refresher.logger.warning(
                "refreshing what is due stopped; the next round goes on",
                metadata: ["request_id": "\(refresher.randomness.uuid())", "platform": "\(platform)", "kind": "\(type(of: error))"])
        }
    }

    private func isStopped(_ platform: String) -> Bool {
        isEnding.load(ordering: .relaxed) || refresher.breaker.isOpen(platform, at: refresher.now)
    }

    /// What is due of one page of a platform's index; `last` is nil when nothing that is due lies behind it.
    private func page(of platform: String, after: String?, limit: Int) async throws -> (items: [Item], last: String?) {
        let names = try await refresher.store.storage.list(
            Listing(prefix: ConnectionStore.Key.due(of: platform), after: after, limit: limit, isRecursive: true))
        let now = refresher.now
        var items: [Item] = []
        for name in names {
            guard let (moment, id) = ConnectionStore.Key.dueItem(name, of: platform) else { continue }
            guard moment <= now else { return (items, nil) }
            items.append(Item(id: id, moment: moment))
        }
        return (items, names.count < limit ? nil : names.last)
    }

    private func refresh(_ items: [Item], of platform: String) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, item) in items.enumerated() {
                if index >= Self.atOnceForPlatformMax { await group.next() }
                if isStopped(platform) { break }
                group.addTask { await self.handle(item) }
            }
        }
    }

    // MARK: One connection

    private func handle(_ item: Item) async {
        let requestID = refresher.randomness.uuid()
        do {
            guard let loaded = try await refresher.store.load(item.id), loaded.grant.dueAt == item.moment else {
                return try await drop(item)
            }
            let order = Refresher.Order(
                id: item.id, seen: loaded.grant.generation, actor: Refresher.itself, requestID: requestID)
            let profile = refresher.environment.catalog[item.id.platform] ?? .unlisted(item.id.platform)
            if loaded.grant.canRefresh(profile) {
                _ = await refresher.refresh(order)
            } else if let due = loaded.grant.due(profile), due > refresher.now {
                // What was due once is not by today's rules.
                var batch = Batch()
                try refresher.store.put(loaded.grant, over: loaded, due: due, into: &batch)
                _ = try await refresher.store.storage.commitIfUnchanged(batch)
            } else {
                _ = try await refresher.expire(loaded, profile, loaded.grant.isInDoubt ? "gave_up" : "no_refresh_token", order)
                try await settleIndex(item)
            }
        } catch {
            // It stays due, and the next round comes in a second.
            refresher.logger.warning(
                "a due connection could not be handled", metadata: ["request_id": "\(requestID)", "kind": "\(type(of: error))"])
        }
    }

    /// A token that is due a few seconds before it is unusable stays in its place until then.
    private func settleIndex(_ item: Item) async throws {
        guard let again = try await refresher.store.load(item.id), again.grant.state != .active, again.grant.state != .failing,
            again.grant.dueAt == item.moment
        else { return }
        var batch = Batch()
        try refresher.store.put(again.grant, over: again, due: nil, into: &batch)
        _ = try await refresher.store.storage.commitIfUnchanged(batch)
    }

    /// The index entry of a connection that is gone or stands elsewhere by now.
    private func drop(_ item: Item) async throws {
        var batch = Batch()
        batch.delete(ConnectionStore.Key.due(item.moment, item.id))
        // Only as long as no connection claims the entry.
        let record = try await refresher.store.storage.get(ConnectionStore.Key.token(item.id))
        batch.check(ConnectionStore.Key.token(item.id), .init(unchanged: record))
        _ = try await refresher.store.storage.commitIfUnchanged(batch)
    }
}
