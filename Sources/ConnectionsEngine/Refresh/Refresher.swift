import EngineKit
import Logging
import Syntax
import Synchronization

/// Refreshes connections: one at a time for each, over all nodes; what it spends is on record before it is spent, and
/// what it gets is stored before anybody sees it.
final class Refresher: Sendable {
    struct Order: Sendable {
        var id: ConnectionID
        /// The token that the caller saw. A newer one that is usable is the answer.
        var seen: Int
        /// In the audit and the events.
        var actor: String
        var requestID: String
        /// By hand: neither the wait after a failure nor the circuit breaker holds it back.
        var isManual = false
        /// By hand, and knowing that the refresh token may be spent already.
        var retriesInDoubt = false
    }

    typealias Answer = Result<Grant, CofferError>

    /// Who it was when nobody asked.
    static let itself = "background-refresh"

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
    private let flights = Mutex<[ConnectionID: Task<Answer, Never>]>([:])

    /// Longer than any call may take, so that no living node loses it: it needs no renewal.
    static let leaseSeconds = 30
    /// What must be left of the lease when the provider is called: its answer may take so long.
    static let callSecondsMax = 12
    private static let flightsMax = 1_024
    /// For another node's refresh, in steps.
    private static let waitStepMilliseconds = 50
    private static let waitStepsMax = 240

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

    var now: Int { time.now().seconds }

    // MARK: Single flight

    /// Whoever asks while a refresh of the connection is under way gets its answer.
    func refresh(_ order: Order) async -> Answer {
        guard let flight = flight(order) else { return .failure(ConnectionFailure.busy) }
        return await flight.value
    }

    /// Nobody waits for it.
    func begin(_ order: Order) { _ = flight(order) }

    /// A detached task: a caller that goes away does not take the provider's answer with it.
    private func flight(_ order: Order) -> Task<Answer, Never>? {
        flights.withLock { flights in
            if let flight = flights[order.id] { return flight }
            guard flights.count < Self.flightsMax else { return nil }
            let flight = Task.detached { [self] in
                let answer = await run(order)
                _ = self.flights.withLock { $0.removeValue(forKey: order.id) }
                return answer
            }
            flights[order.id] = flight
            return flight
        }
    }

    /// Until nothing is under way any more. Every flight ends by itself within seconds.
    func finish() async {
        while let flight = flights.withLock({ $0.values.first }) { _ = await flight.value }
    }

    func isFlying(_ id: ConnectionID) -> Bool { flights.withLock { $0[id] != nil } }

    // MARK: One refresh

    private func run(_ order: Order) async -> Answer {
        do {
            return try await attempt(order)
        } catch {
            return .failure(CofferError(wrapping: error))
        }
    }

    /// Takes the lease and refreshes; reads everything anew whenever something changed in between.
    private func attempt(_ order: Order) async throws -> Answer {
        var waited = 0
        var attempts = 0
        while attempts < 16 {
            guard let loaded = try await store.load(order.id) else {
                return .failure(ConnectionFailure.notConnected(order.id.platform))
            }
            let grant = loaded.grant
            if grant.generation != order.seen, grant.isUsable(at: now) { return .success(grant) }
            let profile = environment.catalog[order.id.platform] ?? .unlisted(order.id.platform)
            let key = ConnectionStore.Key.flight(order.id)
            let left = try await store.storage.get(key)
            var precondition = Batch.Precondition.absent
            if let left {
                let flight = try FlightRecord(decoding: left.value, key: key)
                if flight.until > now, flight.holder != holder {
                    guard waited < Self.waitStepsMax else { return .failure(ConnectionFailure.busy) }
                    waited += 1
                    await environment.pause(Self.waitStepMilliseconds)
                    continue
                }
                if try await setInDoubt(loaded, profile, flight, left.version, order) {
                    attempts += 1
                    continue
                }
                precondition = .version(left.version)
            }
            if let refusal = try await refusal(loaded, profile, order) { return refusal }
            attempts += 1
            guard let flight = try await take(loaded, precondition) else { continue }
            if let answer = try await fly(loaded, profile, flight, order) { return answer }
        }
        return .failure(ConnectionFailure.busy)
    }

    /// Why it is not tried now; nil when it is.
    private func refusal(_ loaded: ConnectionStore.Loaded, _ profile: PlatformProfile, _ order: Order) async throws -> Answer? {
        let grant = loaded.grant
        var asked = grant
        if order.retriesInDoubt, asked.isInDoubt {
            asked.isInDoubt = false
            asked.state = .failing
        }
        guard asked.canRefresh(profile) else {
            if grant.state == .revoked { return .failure(ConnectionFailure.revoked) }
            if grant.mayRecover, grant.isInDoubt, !grant.isGivenUp(at: now) {
                return .failure(ConnectionFailure.inDoubt(order.id.platform))
            }
            let gone = try await expire(loaded, profile, grant.isInDoubt ? "gave_up" : "no_refresh_token", order)
            return .failure(ConnectionFailure.expired(gone, order.id.platform))
        }
        guard !order.isManual else { return nil }
        if grant.nextAttemptAt > now {
            return .failure(ConnectionFailure.failing(grant.failures.last?.code ?? "failed", grant.nextAttemptAt - now))
        }
        if let wait = breaker.wait(order.id.platform, at: now) { return .failure(ConnectionFailure.failing("circuit_open", wait)) }
        return nil
    }

    /// The write-ahead: from here on a crash leaves the connection in doubt instead of silently lost.
    private func take(
        _ loaded: ConnectionStore.Loaded, _ precondition: Batch.Precondition
    ) async throws(StorageError) -> (record: FlightRecord, version: UInt64)? {
        let key = ConnectionStore.Key.flight(loaded.id)
        let flight = FlightRecord(
            holder: holder, until: now + Self.leaseSeconds, digest: FlightRecord.digest(of: loaded.grant))
        var batch = Batch()
        batch.put(key, flight.encoded(), if: precondition)
        batch.check(ConnectionStore.Key.token(loaded.id), .version(loaded.version))
        batch.check(ConnectionStore.Key.owner(loaded.id.owner), .version(loaded.owner.version))
        guard try await store.storage.commitIfUnchanged(batch) else { return nil }
        guard let written = try await store.storage.get(key), written.value == flight.encoded() else { return nil }
        return (flight, written.version)
    }

    /// nil when the lease was lost before anything was sent: all of it is read anew.
    private func fly(
        _ loaded: ConnectionStore.Loaded, _ profile: PlatformProfile, _ flight: Flight, _ order: Order
    ) async throws -> Answer? {
        let client: ClientCredentials?
        do {
            client = try await clients.credentials(profile, order.id.environment)
            try await record(act(order, .begun))
            guard try await holds(flight, order.id) else {
                try await record(act(order, .ended(error: "lease_lost")))
                await land(flight, order.id)
                return nil
            }
        } catch {
            // Nothing was sent: whoever comes next may try at once.
            await land(flight, order.id)
            throw error
        }
        let endpoint = TokenEndpoint(outbound: environment.outbound, time: time, randomness: randomness)
        let outcome = await endpoint.refresh(profile, client, loaded.grant)
        let answer = try await settle(outcome, loaded, profile, flight, order)
        var fault: String?
        if case .failure(let error) = answer { fault = error.reason ?? error.code.rawValue }
        try await record(act(order, .ended(error: fault)))
        return answer
    }

    /// Directly before the token is spent: this process may have stood still since it took the lease, and another one may
    /// have spent the token meanwhile.
    private func holds(_ flight: Flight, _ id: ConnectionID) async throws(StorageError) -> Bool {
        guard flight.record.until - now >= Self.callSecondsMax else { return false }
        return try await store.storage.get(ConnectionStore.Key.flight(id))?.version == flight.version
            && flight.record.until - now >= Self.callSecondsMax
    }

    /// Gives a lease back whose token was not spent; one that somebody else took is left alone.
    private func land(_ flight: Flight, _ id: ConnectionID) async {
        var batch = Batch()
        batch.delete(ConnectionStore.Key.flight(id), if: .version(flight.version))
        _ = try? await store.storage.commitIfUnchanged(batch)
    }

    /// On record under the id of the request that set it off, in the clear, so that one id finds both.
    func act(_ order: Order, _ step: ServerAct.Step) -> ServerAct {
        ServerAct(id: order.requestID, actor: order.actor, operation: .update, path: "tokens/\(order.id)/refresh", step: step)
    }
}
