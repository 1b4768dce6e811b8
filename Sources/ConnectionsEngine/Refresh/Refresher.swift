import EngineKit
import Logging
import Syntax
import Synchronization

/// Refreshes connections, one refresh at a time for each connection across all nodes.
///
/// Before a refresh token is sent, a ``FlightRecord`` says so in the store; what the provider answers is stored before any
/// caller sees it. A crash at any moment therefore loses no token silently.
final class Refresher: Sendable {
    /// The refreshed grant, or why there is none.
    typealias Answer = Result<Grant, CofferError>

    /// The lease on a connection, held by this node while it refreshes, and the version of the stored lease record.
    typealias Lease = (record: FlightRecord, version: UInt64)

    /// The actor named in the audit trail and in events when no caller asked for the refresh.
    static let backgroundActor = "background-refresh"

    let store: ConnectionStore
    let clients: ClientStore
    let environment: ConnectionsEnvironment
    let time: any TimeSource
    let randomness: any Randomness
    let record: @Sendable (ServerAct) async throws -> Void
    let logger: Logger
    let counters: Counters
    let breaker = CircuitBreaker()
    private let holder: String
    private let refreshes = Mutex<[ConnectionID: Task<Answer, Never>]>([:])

    /// How long a lease lasts. No refresh takes longer, so a node that is alive never loses its lease and need not renew it.
    static let leaseSeconds = 30
    /// How much of the lease must be left when the provider is called: its answer may take this long.
    static let callSecondsMax = 12
    private static let refreshesMax = 1_024
    private static let attemptsMax = 16
    /// The pause between two checks of another node's refresh, and the number of checks.
    private static let waitStepMilliseconds = 50
    private static let waitStepsMax = 240

    /// Creates the refresher of one mount.
    init(_ context: MountContext, _ environment: ConnectionsEnvironment, store: ConnectionStore, counters: Counters) {
        self.store = store
        self.environment = environment
        self.counters = counters
        clients = ClientStore(storage: context.storage, catalog: environment.catalog)
        time = context.time
        randomness = context.randomness
        record = context.record
        logger = context.logger
        holder = context.randomness.uuid()
    }

    /// The current time in seconds since 1970.
    var now: Int { time.now().seconds }

    // MARK: One task for each connection

    /// Refreshes the connection and returns its new grant. A request made while a refresh of the same connection is running on
    /// this node joins it and gets the same answer.
    func refresh(_ request: RefreshRequest) async -> Answer {
        guard let task = task(for: request) else { return .failure(ConnectionFailure.busy) }
        return await task.value
    }

    /// Starts a refresh without waiting for it.
    func refreshInBackground(_ request: RefreshRequest) { _ = task(for: request) }

    /// Returns the running task for the connection, started if there is none, or nil if too many are running.
    ///
    /// The task is detached, so that a caller who disconnects does not discard the provider's answer.
    private func task(for request: RefreshRequest) -> Task<Answer, Never>? {
        refreshes.withLock { refreshes in
            if let task = refreshes[request.id] { return task }
            guard refreshes.count < Self.refreshesMax else { return nil }
            let task = Task.detached { [self] in
                let answer = await run(request)
                _ = self.refreshes.withLock { $0.removeValue(forKey: request.id) }
                return answer
            }
            refreshes[request.id] = task
            return task
        }
    }

    /// Waits until no refresh is running. Each one ends within seconds, because every call to a provider has a timeout.
    func waitUntilIdle() async {
        while let task = refreshes.withLock({ $0.values.first }) { _ = await task.value }
    }

    /// Whether this node is refreshing the connection now.
    func isRefreshing(_ id: ConnectionID) -> Bool { refreshes.withLock { $0[id] != nil } }

    // MARK: One refresh

    private func run(_ request: RefreshRequest) async -> Answer {
        do {
            return try await attempt(request)
        } catch {
            return .failure(CofferError(wrapping: error))
        }
    }

    /// Acquires the lease and calls the provider. Reads every record again whenever another writer changed one in between.
    private func attempt(_ request: RefreshRequest) async throws -> Answer {
        var waited = 0
        var attempts = 0
        while attempts < Self.attemptsMax {
            guard let loaded = try await store.load(request.id) else {
                return .failure(ConnectionFailure.notConnected(request.id.platform))
            }
            let grant = loaded.grant
            if grant.generation != request.seenGeneration, grant.isUsable(at: now) { return .success(grant) }
            let profile = environment.catalog[request.id.platform] ?? .unlisted(request.id.platform)
            let key = ConnectionStore.Key.flight(request.id)
            let left = try await store.storage.get(key)
            var precondition = Batch.Precondition.absent
            if let left {
                let flight = try FlightRecord(decoding: left.value, key: key)
                if flight.expiresAt > now, flight.holder != holder {
                    guard waited < Self.waitStepsMax else { return .failure(ConnectionFailure.busy) }
                    waited += 1
                    await environment.pause(Self.waitStepMilliseconds)
                    continue
                }
                if try await markInterrupted(loaded, by: (flight, left.version), profile: profile, request: request) {
                    attempts += 1
                    continue
                }
                precondition = .version(left.version)
            }
            if let refusal = try await refusal(of: request, for: loaded, profile: profile) { return refusal }
            attempts += 1
            guard let lease = try await acquireLease(on: loaded, replacing: precondition) else { continue }
            if let answer = try await callProvider(for: loaded, profile: profile, lease: lease, request: request) { return answer }
        }
        return .failure(ConnectionFailure.busy)
    }

    /// Returns the answer to a request that must not reach the provider now, or nil if the provider may be called.
    private func refusal(
        of request: RefreshRequest, for loaded: ConnectionStore.Loaded, profile: PlatformProfile
    ) async throws -> Answer? {
        let grant = loaded.grant
        var asked = grant
        if request.retriesInDoubt, asked.isInDoubt {
            asked.isInDoubt = false
            asked.state = .failing
        }
        guard asked.canRefresh(profile) else {
            if grant.state == .revoked { return .failure(ConnectionFailure.revoked) }
            if grant.mayRecover, grant.isInDoubt, !grant.isGivenUp(at: now) {
                return .failure(ConnectionFailure.inDoubt(request.id.platform))
            }
            let reason = grant.isInDoubt ? "gave_up" : "no_refresh_token"
            let expired = try await expire(loaded, reason: reason, request: request)
            return .failure(ConnectionFailure.expired(expired, request.id.platform))
        }
        guard !request.isManual else { return nil }
        if grant.nextAttemptAt > now {
            return .failure(ConnectionFailure.failing(grant.failures.last?.code ?? "failed", grant.nextAttemptAt - now))
        }
        if let wait = breaker.wait(request.id.platform, at: now) {
            return .failure(ConnectionFailure.failing("circuit_open", wait))
        }
        return nil
    }

    /// Writes the lease record ahead of the call to the provider, and returns the lease, or nil if another writer was first.
    ///
    /// From here on a crash leaves the connection marked as in doubt; without the record its refresh token would be lost
    /// silently.
    private func acquireLease(
        on loaded: ConnectionStore.Loaded, replacing precondition: Batch.Precondition
    ) async throws(StorageError) -> Lease? {
        let key = ConnectionStore.Key.flight(loaded.id)
        let flight = FlightRecord(
            holder: holder, expiresAt: now + Self.leaseSeconds, digest: FlightRecord.digest(of: loaded.grant))
        var batch = Batch()
        batch.put(key, flight.encoded(), if: precondition)
        batch.check(ConnectionStore.Key.token(loaded.id), .version(loaded.version))
        batch.check(ConnectionStore.Key.owner(loaded.id.owner), .version(loaded.owner.version))
        guard try await store.storage.commitIfUnchanged(batch) else { return nil }
        guard let written = try await store.storage.get(key), written.value == flight.encoded() else { return nil }
        return (flight, written.version)
    }

    /// Sends the refresh token and stores what the provider answers. Returns nil if the lease was lost before anything was
    /// sent; the caller then starts over.
    private func callProvider(
        for loaded: ConnectionStore.Loaded, profile: PlatformProfile, lease: Lease, request: RefreshRequest
    ) async throws -> Answer? {
        let client: ClientCredentials?
        do {
            client = try await clients.credentials(profile, request.id.environment)
            try await record(auditAct(of: request, .begun))
            guard try await stillHolds(lease, on: request.id) else {
                try await record(auditAct(of: request, .ended(error: "lease_lost")))
                await release(lease, on: request.id)
                return nil
            }
        } catch {
            // Nothing was sent, so the next request may try at once.
            await release(lease, on: request.id)
            throw error
        }
        let endpoint = TokenEndpoint(outbound: environment.outbound, time: time, randomness: randomness)
        let outcome = await endpoint.refresh(loaded.grant, profile: profile, client: client)
        let answer = try await commit(outcome, to: loaded, profile: profile, lease: lease, request: request)
        var fault: String?
        if case .failure(let error) = answer { fault = error.reason ?? error.code.rawValue }
        try await record(auditAct(of: request, .ended(error: fault)))
        return answer
    }

    /// Whether the lease is still this node's, with enough time left for the provider's answer.
    ///
    /// Checked directly before the token is sent: this process may have been suspended since it acquired the lease, and another
    /// node may have spent the token in the meantime.
    private func stillHolds(_ lease: Lease, on id: ConnectionID) async throws(StorageError) -> Bool {
        guard lease.record.expiresAt - now >= Self.callSecondsMax else { return false }
        return try await store.storage.get(ConnectionStore.Key.flight(id))?.version == lease.version
            && lease.record.expiresAt - now >= Self.callSecondsMax
    }

    /// Deletes a lease whose token was not sent. A lease that another node has acquired since is kept.
    private func release(_ lease: Lease, on id: ConnectionID) async {
        var batch = Batch()
        batch.delete(ConnectionStore.Key.flight(id), if: .version(lease.version))
        _ = try? await store.storage.commitIfUnchanged(batch)
    }

    /// Returns the audit entry for one step of a refresh. It carries the id of the request that caused the refresh, unhashed, so
    /// that searching the trail for that id finds both.
    func auditAct(of request: RefreshRequest, _ step: ServerAct.Step) -> ServerAct {
        ServerAct(id: request.requestID, actor: request.actor, operation: .update, path: "tokens/\(request.id)/refresh", step: step)
    }
}
