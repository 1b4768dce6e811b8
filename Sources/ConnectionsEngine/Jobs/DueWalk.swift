import EngineKit
import Logging

/// Walks the index of what falls due, earliest first, and has it refreshed, with few calls at a time for each provider.
///
/// Memory is bounded by a page of the index, however many connections there are.
struct DueWalk: Sendable {
    let refresher: Refresher

    static let pageSize = 500
    /// In one round; the next one comes a second later.
    static let pagesMax = 20
    static let atOnceMax = 64
    static let atOnceForPlatformMax = 8

    private struct Item: Sendable {
        var id: ConnectionID
        var moment: Int
    }

    func run() async throws {
        var after: String?
        for _ in 0..<Self.pagesMax {
            let (items, last, isWhole) = try await page(after: after)
            await refresh(items)
            guard let last, !isWhole else { return }
            after = last
        }
    }

    /// What is due of one page of the index, and whether there is nothing more to do behind it.
    private func page(after: String?) async throws -> (items: [Item], last: String?, isWhole: Bool) {
        let names = try await refresher.store.storage.list(
            Listing(prefix: ConnectionStore.Key.due, after: after, limit: Self.pageSize, isRecursive: true))
        let now = refresher.now
        var items: [Item] = []
        for name in names {
            guard let slash = name.firstIndex(of: "/"), let moment = Int(name[..<slash]),
                let id = ConnectionID(path: name[name.index(after: slash)...])
            else { continue }
            guard moment <= now else { return (items, nil, true) }
            // Where the circuit is open it would only fail; other providers' connections lie behind.
            if refresher.breaker.isOpen(id.platform, at: now) { continue }
            items.append(Item(id: id, moment: moment))
        }
        return (items, names.last, names.count < Self.pageSize)
    }

    private func refresh(_ items: [Item]) async {
        var queues: [String: [Item]] = [:]
        for item in items.reversed() { queues[item.id.platform, default: []].append(item) }
        var running: [String: Int] = [:]
        await withTaskGroup(of: String.self) { group in
            var count = 0
            while true {
                for platform in queues.keys.sorted() {
                    while count < Self.atOnceMax, running[platform, default: 0] < Self.atOnceForPlatformMax,
                        let item = queues[platform]?.popLast()
                    {
                        count += 1
                        running[platform, default: 0] += 1
                        group.addTask {
                            await handle(item)
                            return platform
                        }
                    }
                }
                guard let platform = await group.next() else { return }
                count -= 1
                running[platform, default: 1] -= 1
            }
        }
    }

    private func handle(_ item: Item) async {
        let requestID = refresher.randomness.uuid()
        do {
            guard let loaded = try await refresher.store.load(item.id), loaded.grant.dueAt == item.moment else {
                return try await drop(item)
            }
            let order = Refresher.Order(
                id: item.id, seen: loaded.grant.generation, actor: "background-refresh", requestID: requestID)
            let profile = refresher.environment.catalog[item.id.platform] ?? PlatformProfile(name: item.id.platform)
            if loaded.grant.canRefresh(profile) {
                _ = await refresher.refresh(order)
            } else {
                _ = try await refresher.expire(loaded, profile, loaded.grant.isInDoubt ? "in_doubt" : "no_refresh_token", order)
                try await settleIndex(loaded, profile, item)
            }
        } catch {
            // It stays due, and the next round comes in a second.
            refresher.logger.warning(
                "a due connection could not be handled", metadata: ["request_id": "\(requestID)", "kind": "\(type(of: error))"])
        }
    }

    /// A token that is due a few seconds before it is unusable stays in its place until then.
    private func settleIndex(_ loaded: ConnectionStore.Loaded, _ profile: PlatformProfile, _ item: Item) async throws {
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
