import EngineKit

/// Finds refreshes that a process began and never ended, and says so on the connection, whether or not anybody asks for
/// its token: a grant is never lost in silence.
struct InterruptedRefreshRecovery: Sendable {
    let refresher: Refresher

    private static let pageSize = 500
    private static let pagesMax = 20

    func run() async throws {
        var after: String?
        for _ in 0..<Self.pagesMax {
            let names = try await refresher.store.storage.list(
                Listing(prefix: ConnectionStore.Key.flights, after: after, limit: Self.pageSize, isRecursive: true))
            for name in names {
                if let id = ConnectionID(path: name) { try await refresher.land(id) }
            }
            guard names.count == Self.pageSize else { return }
            after = names.last
        }
    }
}

extension Refresher {
    /// Ends what a flight record that ran out stands for: in doubt where the refresh token may be spent, else nothing.
    func land(_ id: ConnectionID) async throws {
        let key = ConnectionStore.Key.flight(id)
        guard !isFlying(id), let left = try await store.storage.get(key) else { return }
        let flight = try FlightRecord(decoding: left.value, key: key)
        guard flight.until <= now else { return }
        if let loaded = try await store.load(id) {
            let profile = environment.catalog[id.platform] ?? .unlisted(id.platform)
            let order = Order(id: id, seen: loaded.grant.generation, actor: Self.itself, requestID: randomness.uuid())
            if try await setInDoubt(loaded, profile, flight, left.version, order) { return }
        }
        var batch = Batch()
        batch.delete(key, if: .version(left.version))
        _ = try await store.storage.commitIfUnchanged(batch)
    }
}
