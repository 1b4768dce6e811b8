import EngineKit

/// Finds refreshes that a process began and never ended, and marks their connections as in doubt, even if no caller asks for
/// their tokens.
struct InterruptedRefreshRecovery: Sendable {
    let refresher: Refresher

    private static let pageSize = 500
    private static let pagesMax = 20

    /// Handles the expired lease records of the mount, at most 10,000 in one run.
    func run() async throws {
        var after: String?
        for _ in 0..<Self.pagesMax {
            let names = try await refresher.store.storage.list(
                Listing(prefix: ConnectionStore.Key.flights, after: after, limit: Self.pageSize, isRecursive: true))
            for name in names {
                if let id = ConnectionID(path: name) { try await refresher.recoverInterruptedRefresh(of: id) }
            }
            guard names.count == Self.pageSize else { return }
            after = names.last
        }
    }
}

extension Refresher {
    /// Ends the refresh that an expired lease record belongs to: marks the connection as in doubt if its refresh token may be
    /// spent, and deletes the record otherwise.
    func recoverInterruptedRefresh(of id: ConnectionID) async throws {
        let key = ConnectionStore.Key.flight(id)
        guard !isRefreshing(id), let left = try await store.storage.get(key) else { return }
        let flight = try FlightRecord(decoding: left.value, key: key)
        guard flight.expiresAt <= now else { return }
        if let loaded = try await store.load(id) {
            let profile = environment.catalog[id.platform] ?? .unlisted(id.platform)
            let request = RefreshRequest(
                id: id, seenGeneration: loaded.grant.generation, actor: Self.backgroundActor, requestID: randomness.uuid())
            if try await markInterrupted(loaded, by: (flight, left.version), profile: profile, request: request) { return }
        }
        var batch = Batch()
        batch.delete(key, if: .version(left.version))
        _ = try await store.storage.commitIfUnchanged(batch)
    }
}
