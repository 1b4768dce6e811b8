import EngineKit
import Lifetimes
import Logging
import Synchronization
import Syntax

/// Leases together with the engines that grant them, for the pipeline, `sys/leases/` and the jobs.
struct LeaseService: Sendable {
    let store: LeaseStore
    let tokens: TokenStore
    let mounts: MountTable
    let time: any TimeSource
    let logger: Logger
    /// The life of leases whose engine and mount set none, in seconds.
    let defaultTTL: Int
    /// The longest life of leases whose mount sets none, in seconds.
    let maxTTL: Int

    /// The number of engine calls made concurrently.
    private static let widthMax = 16
    private static let pageSize = 500

    // MARK: Registering

    /// Stores the lease of an answer. On failure it revokes what the engine created and throws.
    ///
    /// - Parameter end: When the caller's credentials end; no renewal extends the lease beyond that.
    func register(
        _ grant: LeaseGrant, mount: Mount?, path: String, token: TokenEntry?, until end: Timestamp? = nil
    ) async throws -> LeaseShown {
        guard let mount, let engine = mount.leased else { throw CofferError(.internal, "the engine cannot grant leases") }
        guard let token else {
            // A caller without a token gets nothing: no path that grants leases is open to it.
            try await engine.revoke(HeldLease(id: path, data: grant.data, issuedAt: time.now(), expiresAt: time.now()))
            throw CofferError.denied
        }
        let tuning = mount.entry.tuning
        let draft = store.draft(
            path: path, token: token, until: end, mountID: mount.entry.uuid, mountPath: mount.entry.path, grant: grant,
            defaultTTL: tuning.defaultTTL > 0 ? tuning.defaultTTL : defaultTTL, maxTTL: tuning.maxTTL > 0 ? tuning.maxTTL : maxTTL)
        do {
            guard !token.isOfOneRequest else {
                throw CofferError.invalid(
                    "requests with inline authentication cannot generate leases, which end with a token: log in, and send the token"
                )
            }
            guard token.usesLeft >= 0 else {
                throw CofferError.invalid(
                    "the secret cannot be returned: this request spent the token's last use, which revokes the leases of the token; use a token with more uses"
                )
            }
            guard let entry = try await store.register(draft) else { throw CofferError.denied }
            // A concurrent unmount revoked the leases of the mount before this one was stored.
            guard mounts.holds(mount) else { throw CofferError.notFound }
            return entry.shown(at: time.now())
        } catch {
            await rollBack(draft, engine)
            throw error
        }
    }

    /// Revokes what the engine created for a lease that could not be registered, or queues that.
    private func rollBack(_ draft: LeaseEntry, _ engine: any LeasedEngine) async {
        do {
            try await engine.revoke(draft.held)
            // The record may or may not have been written; if it remains, it expires.
            try? await store.forget(draft)
        } catch {
            do {
                try await store.enqueue(draft)
            } catch {
                logger.error(
                    "a lease could neither be registered nor revoked: remove by hand the credentials that it granted",
                    metadata: ["lease_id": "\(draft.id)"])
            }
        }
    }

    // MARK: Renewing

    /// Renews a lease, and returns it with a warning if it got less time than `increment` asks for. Throws if the lease does not
    /// exist or cannot be renewed.
    ///
    /// - Parameter increment: The wanted life in seconds; 0 for the engine's default.
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

    /// Revokes a lease, or a token by its lease id. Does nothing if it does not exist.
    ///
    /// - Parameter waits: Whether to wait for the engine and throw its failure. Otherwise this returns after two seconds at most
    ///   and leaves failures to the jobs.
    func revoke(_ id: String, waits: Bool) async throws {
        if let token = try await token(ofLease: id) { return try await tokens.revokeTree(id: token.id) }
        // It is tried at once, and is in the queue in case the try is interrupted.
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

    /// Revokes the lease with this id or, if there is none, every lease and token below the path. Continues after failures and
    /// throws at the end.
    ///
    /// - Parameters:
    ///   - path: A lease id, or a path without a final slash.
    ///   - waits: Whether to wait for the engines; otherwise the leases are queued.
    ///   - force: Whether to forget leases that their engine fails to revoke.
    ///   - engine: The engine of the leases, if their mount no longer exists.
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
            throw CofferError(.internal, "failed to revoke \(failures) leases; they are queued and retried")
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

    /// Revokes the leases that are due. The server calls it every second; the work of a round is bounded.
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
                throw CofferError(.unavailable, "the mount \(entry.mountPath) no longer exists or its engine is not available")
            }
            try await engine.revoke(entry.held)
        } catch StorageError.sealed {
            throw StorageError.sealed
        } catch {
            let shown = CofferError(wrapping: error)
            let failed = try await store.failed(entry.id, reason: shown.messages.first ?? shown.code.rawValue, due: due)
            if failed?.state == .irrevocable {
                logger.error(
                    "gave up revoking a lease after repeated failures: read the cause at sys/leases, fix it and revoke the lease again",
                    metadata: ["lease_id": "\(entry.id)"])
            }
            throw CofferError(.internal, "failed to revoke the lease; it is queued and retried")
        }
        try await store.forget(entry, due: due)
    }

    // MARK: Engines

    private func engine(of lease: LeaseEntry) -> (any LeasedEngine)? {
        let mounts = mounts.router.mounts
        if let mount = mounts[lease.mountPath], mount.entry.uuid == lease.mountID { return mount.leased }
        return mounts.values.first { $0.entry.uuid == lease.mountID }?.leased
    }

    /// Queues the leases whose token no longer exists for revocation, in the background.
    func tidy() {
        Task.detached(priority: .background) { [store, logger] in
            do {
                var last = try await store.tidy(after: nil, limit: Self.pageSize)
                while last != nil { last = try await store.tidy(after: last, limit: Self.pageSize) }
            } catch {
                logger.warning(
                    "the tidy of leases failed; start it again at sys/leases/tidy", metadata: RepeatedFailures.metadata(of: error))
            }
        }
    }
}

/// Counts the failures in a row of each mount in a round. The leases of a mount that keeps failing are postponed, so that a slow,
/// unavailable database does not delay the leases of others.
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
