package import EngineKit

/// From the decision that a lease ends to the moment when nothing is left of it.
///
/// The decision is on disk before an engine is asked, so a crash delays a revocation and never loses it.
extension LeaseStore {
    /// Attempts until a lease counts as irrevocable: with the waits below, an hour and a half.
    package static let revocationsMax = 10
    private static let waitMinSeconds = 5
    private static let waitMaxSeconds = 3_600

    /// A lease whose end has come, and the index entry that says so.
    package struct Due: Sendable, Hashable {
        package var id: String
        var key: String
    }

    /// Leases past their end, then revocations whose next attempt is due; at most `limit` of each.
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

    /// The lease that is due, or nil when it is not (any more); what an index said of a lease that is gone is removed.
    package func take(_ due: Due) async throws(StorageError) -> LeaseEntry? {
        guard let entry = try await read(due.id)?.entry else {
            var batch = Batch()
            batch.delete(due.key)
            try await storage.commit(batch)
            return nil
        }
        // The index counts whole seconds; the lease has its last one to the end.
        if due.key == LeaseKeys.expiry(entry.expiresAt, entry.id), time.now() < entry.expiresAt { return nil }
        return entry
    }

    /// Notes that a lease is to be revoked, and when that is tried at the latest. nil when there is no such lease.
    package func beginRevoking(_ id: String, retryAfter seconds: Int) async throws(StorageError) -> LeaseEntry? {
        while true {
            guard let (old, version) = try await read(id) else { return nil }
            var entry = old
            entry.state = .revoking
            entry.attempts = 0
            entry.retryAt = time.now().adding(seconds: seconds)
            if try await replace(old, version, with: entry) { return entry }
        }
    }

    /// Writes a lease that could not be registered into the queue, so that its engine is asked again.
    package func enqueue(_ draft: LeaseEntry) async throws(StorageError) {
        let retryAt = time.now().adding(seconds: Self.waitMinSeconds)
        var entry = draft
        entry.state = .revoking
        entry.retryAt = retryAt
        var batch = Batch()
        batch.put(LeaseKeys.entry(entry.id), entry.encoded())
        batch.put(LeaseKeys.queue(retryAt, entry.id), [])
        try await storage.commit(batch)
    }

    /// Notes a failed attempt: the next comes later, or never without an operator.
    package func failed(_ id: String, reason: String, due: Due? = nil) async throws(StorageError) -> LeaseEntry? {
        while true {
            guard let (old, version) = try await read(id) else { return nil }
            var entry = old
            entry.attempts = old.attempts + 1
            entry.failure = String(reason.prefix(500))
            if entry.attempts >= Self.revocationsMax {
                entry.state = .irrevocable
                entry.retryAt = nil
            } else {
                entry.state = .revoking
                let wait = min(Self.waitMinSeconds << min(old.attempts, 20), Self.waitMaxSeconds)
                entry.retryAt = time.now().adding(seconds: wait)
            }
            if try await replace(old, version, with: entry, due: due) { return entry }
        }
    }

    /// Removes a lease whose engine has taken back what it gave.
    package func forget(_ lease: LeaseEntry, due: Due? = nil) async throws(StorageError) {
        // As it is now: a failed attempt elsewhere may have moved it within the queue.
        let entry = try await read(lease.id)?.entry ?? lease
        var batch = Batch()
        batch.delete(LeaseKeys.entry(entry.id))
        for key in Self.indexes(entry).union(due.map { [$0.key] } ?? []) { batch.delete(key) }
        try await storage.commit(batch)
    }

    private func replace(
        _ old: LeaseEntry, _ version: UInt64, with new: LeaseEntry, due: Due? = nil
    ) async throws(StorageError) -> Bool {
        let (before, after) = (Self.indexes(old).union(due.map { [$0.key] } ?? []), Self.indexes(new))
        var batch = Batch()
        batch.put(LeaseKeys.entry(new.id), new.encoded(), if: .version(version))
        for key in before.subtracting(after) { batch.delete(key) }
        for key in after { batch.put(key, []) }
        return try await storage.commitIfUnchanged(batch)
    }

    private static func indexes(_ entry: LeaseEntry) -> Set<String> {
        switch entry.state {
        case .active: [LeaseKeys.expiry(entry.expiresAt, entry.id), LeaseKeys.token(entry.tokenID, entry.id)]
        case .revoking: entry.retryAt.map { [LeaseKeys.queue($0, entry.id)] } ?? []
        case .irrevocable: [LeaseKeys.irrevocable(entry.id)]
        }
    }

    /// Queues one page of leases whose token is gone, such as after a restore. The last id of the page, nil at the end.
    package func tidy(after: String?, limit: Int) async throws(StorageError) -> String? {
        let ids = try await list("", after: after, limit: limit, isRecursive: true)
        for id in ids {
            guard let entry = try await read(id)?.entry, entry.state == .active else { continue }
            if try await storage.get(TokenKeys.entry(entry.tokenID)) == nil { _ = try await beginRevoking(id, retryAfter: 0) }
        }
        return ids.count < limit ? nil : ids.last
    }
}

extension TokenStore {
    /// Part of a revocation: queues everything the token leased. What is left when it is interrupted is found by the
    /// token's `revoking/` mark.
    func queueLeases(of id: String) async throws(StorageError) {
        let prefix = LeaseKeys.leases(ofToken: id)
        while true {
            let leases = try await storage.list(Listing(prefix: prefix, limit: 1_000, isRecursive: true))
            if leases.isEmpty { return }
            let now = time.now()
            var batch = Batch()
            for lease in leases {
                batch.delete(prefix + lease)
                batch.put(LeaseKeys.queue(now, lease), [])
            }
            try await storage.commit(batch)
        }
    }
}
