package import EngineKit
import Records
import Syntax

/// The revocation of leases, from the decision to the deletion of the records. The decision is on disk before an engine is
/// asked, so a crash can delay a revocation but not lose it.
extension LeaseStore {
    /// The number of failed attempts after which a lease counts as irrevocable. With
    /// ``LeaseLifetime/wait(afterFailures:spread:)`` that takes about 40 minutes.
    package static let revocationsMax = 10
    private static let postponedSeconds = 30
    private static let irrevocableSeconds = 86_400

    /// A lease that is due, and the index entry that says so.
    package struct Due: Sendable, Hashable {
        /// The id of the lease.
        package var id: String
        var key: String
    }

    /// Returns leases past their end and then revocations whose next attempt is due, at most `limit` of each.
    package func due(limit: Int) async throws(StorageError) -> [Due] {
        var due: [Due] = []
        let now = time.now().seconds
        for prefix in [LeaseKeys.expiries, LeaseKeys.queue] {
            let names = try await storage.list(Listing(prefix: prefix, limit: limit, isRecursive: true))
            for name in names {
                guard let (seconds, id) = LeaseKeys.parse(name), seconds <= now else { break }
                due.append(Due(id: id, key: prefix + name))
            }
        }
        return due
    }

    /// Returns the lease, or nil if it is not due anymore. Removes the index entries of a lease that does not exist.
    package func take(_ due: Due) async throws(StorageError) -> LeaseEntry? {
        let current = try await read(due.id)
        if let entry = current?.entry {
            // The revocation of a token queues its leases by id only, so the records still say that they are active.
            let isQueued = entry.state == .active && due.key.hasUTF8Prefix(LeaseKeys.queue)
            if isQueued || Self.indexes(entry).contains(due.key) { return entry }
        }
        // The lease does not exist, or was renewed or postponed since the index was read. A concurrent change may need the
        // key again.
        var batch = Batch()
        batch.check(LeaseKeys.entry(due.id), current.map { .version($0.version) } ?? .absent)
        batch.delete(due.key)
        _ = try await storage.commitIfUnchanged(batch)
        return nil
    }

    /// Records that a lease is to be revoked, and the latest time of the next attempt. Returns nil if there is no such
    /// lease.
    package func beginRevoking(_ id: String, retryAfter seconds: Int) async throws(StorageError) -> LeaseEntry? {
        let entry = try await change(id) { [time] entry in
            entry.state = .revoking
            entry.attempts = 0
            entry.retryAt = time.now().wholeSeconds.adding(seconds: seconds)
        }
        if entry != nil, seconds == 0 { callJob() }
        return entry
    }

    /// Queues a lease for revocation that could not be registered, so that its engine is asked to revoke it.
    package func enqueue(_ draft: LeaseEntry) async throws(StorageError) {
        let retryAt = time.now().adding(seconds: LeaseLifetime.waitMinSeconds)
        var entry = draft
        entry.state = .revoking
        entry.retryAt = retryAt
        var batch = Batch()
        batch.put(LeaseKeys.entry(entry.id), entry.encoded())
        batch.put(LeaseKeys.queue(retryAt, entry.id), [])
        try await storage.commit(batch)
    }

    /// Records a failed attempt. The next one is made later, and once a day after ``revocationsMax`` attempts.
    package func failed(_ id: String, reason: String, due: Due? = nil) async throws(StorageError) -> LeaseEntry? {
        let spread = spread()
        return try await change(id, due: due) { [time] entry in
            entry.attempts += 1
            entry.failure = String(reason.prefixUTF8(500))
            let isLast = entry.attempts >= Self.revocationsMax
            entry.state = isLast ? .irrevocable : .revoking
            let wait =
                isLast
                ? LeaseLifetime.jittered(Self.irrevocableSeconds, spread)
                : LeaseLifetime.wait(afterFailures: entry.attempts, spread: spread)
            entry.retryAt = time.now().adding(seconds: wait)
        }
    }

    /// Postpones a revocation without an attempt, because others of the same mount have just failed.
    package func postpone(_ id: String, due: Due) async throws(StorageError) {
        let spread = spread()
        _ = try await change(id, due: due) { [time] entry in
            if entry.state == .active { entry.state = .revoking }
            entry.retryAt = time.now().adding(seconds: LeaseLifetime.jittered(Self.postponedSeconds, spread))
        }
    }

    private func spread() -> UInt8 { randomness.bytes(1).first ?? 0 }

    /// Deletes the record of a lease after its engine has revoked it.
    package func forget(_ lease: LeaseEntry, due: Due? = nil) async throws(StorageError) {
        // The current state: a failed attempt on another node may have moved the lease within the queue.
        let entry = try await read(lease.id)?.entry ?? lease
        var batch = Batch()
        batch.delete(LeaseKeys.entry(entry.id))
        for key in Set(Self.indexes(entry)).union(due.map { [$0.key] } ?? []) { batch.delete(key) }
        try await storage.commit(batch)
    }

    /// Reads a record, changes it and writes it with its index entries. Tries again if another writer was first.
    private func change(
        _ id: String, due: Due? = nil, _ body: (inout LeaseEntry) -> Void
    ) async throws(StorageError) -> LeaseEntry? {
        try await storage.transact { batch throws(StorageError) -> LeaseEntry? in
            guard let (old, version) = try await read(id) else { return nil }
            var new = old
            body(&new)
            let before = Set(Self.indexes(old)).union(due.map { [$0.key] } ?? [])
            let after = Set(Self.indexes(new))
            batch.put(LeaseKeys.entry(id), new.encoded(), if: .version(version))
            for key in before.subtracting(after) { batch.delete(key) }
            for key in after { batch.put(key, []) }
            return new
        }
    }

    /// Returns the keys of the index entries of a lease.
    static func indexes(_ entry: LeaseEntry) -> [String] {
        let retry = entry.retryAt.map { LeaseKeys.queue($0, entry.id) }
        let keys: [String?] =
            switch entry.state {
            case .active: [LeaseKeys.expiry(entry.expiresAt, entry.id), LeaseKeys.token(entry.tokenID, entry.id)]
            case .revoking: [retry]
            case .irrevocable: [LeaseKeys.irrevocable(entry.id), retry]
            }
        return keys.compactMap(\.self)
    }

    /// Queues the leases of one page whose token does not exist, such as after a restore. Returns the last id of the page,
    /// or nil at the end.
    package func tidy(after: String?, limit: Int) async throws(StorageError) -> String? {
        let ids = try await list("", after: after, limit: limit, isRecursive: true)
        for id in ids {
            guard let entry = try await read(id)?.entry, entry.state == .active, !entry.tokenID.isEmpty else { continue }
            if try await storage.get(TokenKeys.entry(entry.tokenID)) == nil { _ = try await beginRevoking(id, retryAfter: 0) }
        }
        return ids.count < limit ? nil : ids.last
    }
}

extension TokenStore {
    /// Queues all leases of a token for revocation, as a part of its own revocation. If that is interrupted, the token's
    /// `revoking/` record shows what is left to do.
    func queueLeases(of id: String) async throws(StorageError) {
        let prefix = LeaseKeys.leases(ofToken: id)
        while true {
            let leases = try await storage.list(Listing(prefix: prefix, limit: 1_000, isRecursive: true))
            if leases.isEmpty { return }
            defer { leasesQueued() }
            let now = time.now().wholeSeconds
            var batch = Batch()
            for lease in leases {
                batch.delete(prefix + lease)
                batch.put(LeaseKeys.queue(now, lease), [])
            }
            try await storage.commit(batch)
        }
    }
}
