import EngineKit
import Logging
import Synchronization
import Syntax

/// Refreshes the connections that are due, by an index of due times. Each platform has its own task, the lane, which begins
/// with the earliest and makes few calls at a time, so that a slow or failing provider does not delay the others.
///
/// Each lane holds one page of the index in memory, however many connections there are.
final class RefreshScheduler: Sendable {
    let refresher: Refresher
    private let lanes = Mutex<[String: Task<Void, Never>]>([:])
    private let isEnding = Atomic(false)

    /// Index entries that a lane reads at once.
    static let pageSize = 500
    /// Pages that a lane handles before it ends. The next round starts the platform's lane again.
    static let pagesMax = 20
    /// Lanes that run at once.
    static let lanesMax = 32
    /// Refreshes of one platform that run at once.
    static let atOnceForPlatformMax = 8
    private static let platformsMax = 4_096

    /// An entry of the index.
    private struct DueConnection: Sendable {
        var id: ConnectionID
        /// When the connection is due, in seconds since 1970.
        var dueAt: Int
    }

    init(refresher: Refresher) { self.refresher = refresher }

    // MARK: Lanes

    /// Starts a lane for each platform that has a due connection and no lane yet, and does not wait for it.
    func begin() async throws {
        let folders = try await refresher.store.storage.list(Listing(prefix: ConnectionStore.Key.due, limit: Self.platformsMax))
        for folder in folders where folder.hasUTF8Suffix("/") {
            let platform = String(folder.dropLastUTF8())
            guard !refresher.breaker.isOpen(platform, at: refresher.now), lanes.withLock({ $0[platform] == nil }) else { continue }
            if try await page(of: platform, after: nil, limit: 1).entries.isEmpty { continue }
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

    /// Waits until no lane is running.
    func waitUntilIdle() async {
        while let lane = lanes.withLock({ $0.values.first }) { await lane.value }
    }

    /// Starts no more refreshes, and waits for those in progress.
    func finish() async {
        isEnding.store(true, ordering: .relaxed)
        await waitUntilIdle()
        isEnding.store(false, ordering: .relaxed)
    }

    private func run(_ platform: String) async {
        do {
            var after: String?
            for _ in 0..<Self.pagesMax {
                let (entries, last) = try await page(of: platform, after: after, limit: Self.pageSize)
                await refresh(entries, of: platform)
                guard let last, !isStopped(platform) else { return }
                after = last
            }
        } catch {
            refresher.logger.warning(
                "refreshing the due connections of a platform failed; it is retried within a second",
                metadata: ["request_id": "\(refresher.randomness.uuid())", "platform": "\(platform)", "kind": "\(type(of: error))"])
        }
    }

    /// Whether the lane should end: the engine is closing, or the provider's circuit breaker is open.
    private func isStopped(_ platform: String) -> Bool {
        isEnding.load(ordering: .relaxed) || refresher.breaker.isOpen(platform, at: refresher.now)
    }

    /// Returns the due connections on one page of a platform's index. `last` is nil if nothing due follows.
    private func page(of platform: String, after: String?, limit: Int) async throws -> (entries: [DueConnection], last: String?) {
        let names = try await refresher.store.storage.list(
            Listing(prefix: ConnectionStore.Key.due(of: platform), after: after, limit: limit, isRecursive: true))
        let now = refresher.now
        var entries: [DueConnection] = []
        for name in names {
            guard let (dueAt, id) = ConnectionStore.Key.parseDue(name, of: platform) else { continue }
            guard dueAt <= now else { return (entries, nil) }
            entries.append(DueConnection(id: id, dueAt: dueAt))
        }
        return (entries, names.count < limit ? nil : names.last)
    }

    private func refresh(_ entries: [DueConnection], of platform: String) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, entry) in entries.enumerated() {
                if index >= Self.atOnceForPlatformMax { await group.next() }
                if isStopped(platform) { break }
                group.addTask { await self.handle(entry) }
            }
        }
    }

    // MARK: One connection

    private func handle(_ entry: DueConnection) async {
        let requestID = refresher.randomness.uuid()
        do {
            guard let loaded = try await refresher.store.load(entry.id), loaded.grant.dueAt == entry.dueAt else {
                return try await deleteStale(entry)
            }
            let request = RefreshRequest(
                id: entry.id, seenGeneration: loaded.grant.generation, actor: Refresher.backgroundActor, requestID: requestID)
            let profile = refresher.environment.catalog[entry.id.platform] ?? .unlisted(entry.id.platform)
            if loaded.grant.canRefresh(profile) {
                _ = await refresher.refresh(request)
            } else if let due = loaded.grant.due(profile), due > refresher.now {
                // The profile has changed since, and the connection is due later by its new rules.
                var batch = Batch()
                try refresher.store.put(loaded.grant, over: loaded, due: due, into: &batch)
                _ = try await refresher.store.storage.commitIfUnchanged(batch)
            } else {
                let reason = loaded.grant.isInDoubt ? "gave_up" : "no_refresh_token"
                _ = try await refresher.expire(loaded, reason: reason, request: request)
                try await removeFromIndex(entry)
            }
        } catch {
            // The connection stays due, and the next round begins within a second.
            refresher.logger.warning(
                "a due connection could not be refreshed; it is retried within a second",
                metadata: ["request_id": "\(requestID)", "kind": "\(type(of: error))"])
        }
    }

    /// Removes an expired connection from the index. One that is due a few seconds before it becomes unusable keeps its entry
    /// until then.
    private func removeFromIndex(_ entry: DueConnection) async throws {
        guard let again = try await refresher.store.load(entry.id), again.grant.state != .active, again.grant.state != .failing,
            again.grant.dueAt == entry.dueAt
        else { return }
        var batch = Batch()
        try refresher.store.put(again.grant, over: again, due: nil, into: &batch)
        _ = try await refresher.store.storage.commitIfUnchanged(batch)
    }

    /// Deletes an index entry whose connection is gone or has another due time.
    private func deleteStale(_ entry: DueConnection) async throws {
        var batch = Batch()
        batch.delete(ConnectionStore.Key.due(entry.id, at: entry.dueAt))
        // Fails if the connection was stored again in the meantime, since its entry may be this one.
        let record = try await refresher.store.storage.get(ConnectionStore.Key.token(entry.id))
        batch.check(ConnectionStore.Key.token(entry.id), .init(unchanged: record))
        _ = try await refresher.store.storage.commitIfUnchanged(batch)
    }
}
