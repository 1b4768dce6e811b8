import EngineKit
import Lifetimes
import Logging
import Synchronization
import Syntax

/// Leases and the engines behind them: what the pipeline, `sys/leases/` and the jobs ask.
struct LeaseService: Sendable {
    let store: LeaseStore
    let tokens: TokenStore
    let mounts: MountTable
    let time: any TimeSource
    let logger: Logger
    /// Seconds.
    let defaultTTL: Int
    let maxTTL: Int

    /// Engines asked at the same time.
    private static let widthMax = 16
    private static let pageSize = 500

    // MARK: Registering

    /// Puts an answer's lease on record, or takes back what the engine made and throws.
    ///
    /// - Parameter end: When the caller's credentials end; no renewal of the lease passes it.
    func register(
        _ grant: LeaseGrant, mount: Mount?, path: String, token: TokenEntry?, until end: Timestamp? = nil
    ) async throws -> LeaseShown {
        guard let mount, let engine = mount.leased else { throw CofferError(.internal, "the engine cannot grant leases") }
        guard let token else {
            // No path that grants leases is open to callers without a token.
            try await engine.revoke(HeldLease(id: path, data: grant.data, issuedAt: time.now(), expiresAt: time.now()))
            throw CofferError.denied
        }
        let tuning = mount.entry.tuning
        let draft = store.draft(
            path: path, token: token, until: end, mountID: mount.entry.uuid, mountPath: mount.entry.path, grant: grant,
            defaultTTL: tuning.defaultTTL > 0 ? tuning.defaultTTL : defaultTTL, maxTTL: tuning.maxTTL > 0 ? tuning.maxTTL : maxTTL)
        do {
            guard token.usesLeft >= 0 else {
                throw CofferError.invalid(
                    "the secret cannot be returned: the token had one use left, so what it leased was revoked at once")
            }
            guard let entry = try await store.register(draft) else { throw CofferError.denied }
            // An unmount that took the mount away before this lease was written has not seen it.
            guard mounts.holds(mount) else { throw CofferError.notFound }
            return entry.shown(at: time.now())
        } catch {
            await takeBack(draft, engine)
            throw error
        }
    }

    private func takeBack(_ draft: LeaseEntry, _ engine: any LeasedEngine) async {
        do {
            try await engine.revoke(draft.held)
            // Whether the record was written is not known after every failure; what is left of it ends by itself.
            try? await store.forget(draft)
        } catch {
            do {
                try await store.enqueue(draft)
            } catch {
                logger.error(
                    "a lease could neither be registered nor revoked; what it gave must be removed by hand",
                    metadata: ["lease_id": "\(draft.id)"])
            }
        }
    }

    // MARK: Renewing

    /// The lease, and what has to be said when it got less time than was asked for.
    func renew(_ id: String, increment: Int) async throws -> (lease: LeaseEntry, warnings: [String]) {
        let now = time.now()
        if try await token(ofLease: id) != nil { throw CofferError.invalid("tokens cannot be renewed through this endpoint") }
        guard let (entry, version) = try await store.read(id), entry.isActive(at: now) else {
            throw CofferError.invalid("lease not found")
        }
        if !entry.tokenID.isEmpty {
            guard try await tokens.entry(id: entry.tokenID)?.isValid(at: now) == true else {
                throw CofferError.invalid("lease not found")
            }
        }
        guard entry.isRenewable, let engine = engine(of: entry) else { throw CofferError.invalid("lease is not renewable") }
        let grant = try await engine.renew(entry.held, increment: max(0, increment))
        let tuned = mounts.entries.first { $0.uuid == entry.mountID }?.tuning.maxTTL ?? 0
        let mountMax = tuned > 0 ? tuned : maxTTL
        guard let renewed = try await store.renew(entry, version: version, grant: grant, maxTTL: mountMax) else {
            throw CofferError.invalid("lease is not renewable: it has ended, changed or reached its maximum")
        }
        let left = LeaseLifetime.latestEnd(entry, grant: grant, maxTTL: mountMax).secondsRoundedUp(since: now)
        return (renewed, increment > left ? [TokenLifetime.cappedWarning(asked: increment, limit: left)] : [])
    }

    // MARK: Revoking

    /// - Parameter waits: Until the engine has done it; otherwise two seconds at most, and failures are left to the jobs.
    func revoke(_ id: String, waits: Bool) async throws {
        if let token = try await token(ofLease: id) { return try await tokens.revokeTree(id: token.id) }
        // It is tried at once; should that be cut off, the queue has it.
        guard let entry = try await store.beginRevoking(id, retryAfter: 60) else { return }
        if waits { return try await attempt(entry) }
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        Task {
            _ = try? await attempt(entry)
            end.yield()
        }
        let limit = Task {
            try? await Task.sleep(for: .seconds(2))
            end.yield()
        }
        for await _ in ends { break }
        limit.cancel()
    }

    /// The lease of this very id or, when there is none, every lease below the path, which has no final `/`; tokens too.
    ///
    /// Goes on after a failure and throws at the end.
    ///
    /// - Parameters:
    ///   - force: Leases are forgotten even if their engine fails.
    ///   - engine: Used for all of them, where their mount is already gone.
    func revokeAll(
        _ path: String, waits: Bool = true, force: Bool = false, engine: (any LeasedEngine)? = nil
    ) async throws {
        if try await store.read(path) != nil {
            try await revoke(path, waits: waits, force: force, engine: engine)
            return
        }
        try await revokeTokens(below: path + "/")
        var (last, failures): (String?, Int) = (nil, 0)
        while true {
            let names = try await store.list(path + "/", after: last, limit: Self.pageSize, isRecursive: true)
            let results = await concurrently(names, width: Self.widthMax) { name in
                try await revoke("\(path)/\(name)", waits: waits, force: force, engine: engine)
            }
            failures += results.count(where: \.isFailure)
            last = names.last
            if names.count < Self.pageSize { break }
        }
        guard failures == 0 else {
            throw CofferError(.internal, "failed to revoke \(failures) leases; they are queued and will be tried again")
        }
    }

    private func revoke(_ id: String, waits: Bool, force: Bool, engine: (any LeasedEngine)?) async throws {
        guard let entry = try await store.beginRevoking(id, retryAfter: waits ? 60 : 0), waits else { return }
        do {
            try await attempt(entry, engine: engine)
        } catch {
            guard force else { throw error }
            try await store.forget(entry)
        }
    }

    /// Revokes what is due. The server calls it every second; a round is bounded.
    func runRound() async throws {
        let outages = FailingMounts()
        for _ in 0..<40 {
            let due = try await store.due(limit: Self.pageSize)
            let results = await concurrently(due, width: Self.widthMax) { due in
                guard let entry = try await store.take(due) else { return }
                guard outages.mayTry(entry.mountID) else { return try await store.postpone(entry.id, due: due) }
                do {
                    try await attempt(entry, due: due)
                    outages.note(entry.mountID, isFailure: false)
                } catch {
                    outages.note(entry.mountID, isFailure: true)
                    throw error
                }
            }
            if due.count < Self.pageSize || results.allSatisfy(\.isFailure) { return }
        }
    }

    private func attempt(_ entry: LeaseEntry, due: LeaseStore.Due? = nil, engine other: (any LeasedEngine)? = nil) async throws {
        do {
            guard let engine = other ?? engine(of: entry) else {
                throw CofferError(.unavailable, "the mount \(entry.mountPath) is gone or its engine is not available")
            }
            try await engine.revoke(entry.held)
        } catch StorageError.sealed {
            throw StorageError.sealed
        } catch {
            let shown = CofferError(wrapping: error)
            let failed = try await store.failed(entry.id, reason: shown.messages.first ?? shown.code.rawValue, due: due)
            if failed?.state == .irrevocable {
                logger.error("a lease cannot be revoked; see sys/leases", metadata: ["lease_id": "\(entry.id)"])
            }
            throw CofferError(.internal, "failed to revoke the lease; it is queued and will be tried again")
        }
        try await store.forget(entry, due: due)
    }

    // MARK: Engines

    private func engine(of lease: LeaseEntry) -> (any LeasedEngine)? {
        let mounts = mounts.router.mounts
        if let mount = mounts[lease.mountPath], mount.entry.uuid == lease.mountID { return mount.leased }
        return mounts.values.first { $0.entry.uuid == lease.mountID }?.leased
    }

    /// Queues leases whose token is gone, in the background.
    func tidy() {
        Task.detached(priority: .background) { [store, logger] in
            do {
                var last = try await store.tidy(after: nil, limit: Self.pageSize)
                while last != nil { last = try await store.tidy(after: last, limit: Self.pageSize) }
            } catch {
                logger.warning("the tidy of leases stopped", metadata: ["kind": "\(type(of: error))"])
            }
        }
    }
}

/// Mounts whose revocations fail one after the other in a round. What else they have due is put off, so that a database that
/// is away, and takes its time to say so, does not keep the leases of others waiting.
private final class FailingMounts: Sendable {
    private static let failuresMax = 8
    private let failures = Mutex<[String: Int]>([:])

    func mayTry(_ mountID: String) -> Bool { failures.withLock { $0[mountID, default: 0] < Self.failuresMax } }

    func note(_ mountID: String, isFailure: Bool) {
        failures.withLock { $0[mountID] = isFailure ? $0[mountID, default: 0] + 1 : 0 }
    }
}

extension Result {
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}
