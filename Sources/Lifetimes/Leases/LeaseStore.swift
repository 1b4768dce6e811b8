package import EngineKit
import Records

/// Leases on disk: made, found, renewed, and queued until their engine has taken back what they gave.
///
/// Nothing of them is in memory but the page at hand, and nothing is read at start. Every change is one atomic batch
/// with its indexes; an index entry whose lease is gone is dropped when it comes up.
package struct LeaseStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    private let leasesQueued: @Sendable () -> Void

    /// Shares the tokens' slice: a lease is made only while its token is there.
    package init(tokens: TokenStore) {
        storage = tokens.storage
        time = tokens.time
        randomness = tokens.randomness
        leasesQueued = tokens.leasesQueued
    }

    /// Wakes the job that asks the engines.
    func callJob() { leasesQueued() }

    // MARK: Finding

    /// Returns a lease and the version of its record, or nil if there is none.
    package func read(_ id: String) async throws(StorageError) -> (entry: LeaseEntry, version: UInt64)? {
        guard let record = try await storage.get(LeaseKeys.entry(id)) else { return nil }
        guard let entry = LeaseEntry(id: id, encoded: record.value) else { throw .corrupted(key: LeaseKeys.entry(id)) }
        return (entry, record.version)
    }

    /// Ids below a prefix that ends with `/` or is empty, relative to it.
    package func list(
        _ prefix: String, after: String? = nil, limit: Int, isRecursive: Bool = false
    ) async throws(StorageError) -> [String] {
        try await storage.list(
            Listing(prefix: LeaseKeys.entries + prefix, after: after, limit: limit, isRecursive: isRecursive))
    }

    /// Returns a page of ids of leases that count as irrevocable.
    package func irrevocables(after: String? = nil, limit: Int) async throws(StorageError) -> [String] {
        try await storage.list(
            Listing(prefix: LeaseKeys.irrevocables, after: after, limit: limit, isRecursive: true))
    }

    // MARK: Making and renewing

    /// A lease that is not registered yet.
    ///
    /// It runs its own time and goes with its token: a token that is renewed would otherwise have its leases cut to what it
    /// had left at the time. Only where no revocation comes, the end is in the lease: of a batch token, which is on no
    /// record, and of `end`, that of credentials that their holder narrowed.
    package func draft(
        path: String, token: TokenEntry, until end: Timestamp? = nil, mountID: String, mountPath: String, grant: LeaseGrant,
        defaultTTL: Int, maxTTL: Int
    ) -> LeaseEntry {
        let now = time.now()
        let terms = LeaseLifetime.terms(grant, defaultTTL: defaultTTL, maxTTL: maxTTL)
        let isBatch = token.type == .batch
        let ends = [isBatch ? token.expiresAt : nil, end].compactMap { $0 }
        return LeaseEntry(
            id: path + "/" + TokenFormat.makeAccessor(randomness), tokenID: isBatch ? token.parentID : token.id,
            mountID: mountID, mountPath: mountPath, issuedAt: now, expiresAt: now.adding(seconds: terms.ttl), ttl: terms.ttl,
            maxTTL: terms.maxTTL, limit: ends.min(), isRenewable: grant.isRenewable, data: grant.data)
    }

    /// The lease as it was registered, or nil when its token is gone or at its end.
    package func register(_ draft: LeaseEntry) async throws(StorageError) -> LeaseEntry? {
        try await storage.transact { batch throws(StorageError) -> LeaseEntry? in
            guard let end = LeaseLifetime.end(draft, at: time.now()), try await hasOwner(draft, into: &batch) else { return nil }
            var entry = draft
            entry.expiresAt = end
            batch.put(LeaseKeys.entry(entry.id), entry.encoded(), if: .absent)
            for key in Self.indexes(entry) { batch.put(key, []) }
            return entry
        }
    }

    /// The renewed lease; nil when it, its version or its token changed, or when no renewal moves its end.
    ///
    /// - Parameter maxTTL: Of the mount today, in seconds; a lease made when it was longer is held to it too.
    package func renew(
        _ lease: LeaseEntry, version: UInt64, grant: LeaseGrant, maxTTL: Int = .max
    ) async throws(StorageError) -> LeaseEntry? {
        var isRepeated = false
        return try await storage.transact { batch throws(StorageError) -> LeaseEntry? in
            // Unless it was the token that changed, another try would fail like the last.
            if isRepeated { guard try await read(lease.id)?.version == version else { return nil } }
            isRepeated = true
            let now = time.now()
            guard let end = LeaseLifetime.renewedEnd(lease, grant: grant, maxTTL: maxTTL, at: now),
                try await hasOwner(lease, into: &batch)
            else { return nil }
            var entry = lease
            entry.expiresAt = end
            entry.renewedAt = now
            entry.isRenewable = grant.isRenewable
            entry.data = grant.data
            batch.put(LeaseKeys.entry(entry.id), entry.encoded(), if: .version(version))
            let (old, new) = (LeaseKeys.expiry(lease.expiresAt, lease.id), LeaseKeys.expiry(end, lease.id))
            if old != new {
                batch.delete(old)
                batch.put(new, [])
            }
            return entry
        }
    }

    /// Whether the token that a lease belongs to is there and valid. The batch is written only as long as it is: a
    /// revocation deletes the record that is checked.
    private func hasOwner(_ lease: LeaseEntry, into batch: inout Batch) async throws(StorageError) -> Bool {
        guard !lease.tokenID.isEmpty else { return true }
        let key = TokenKeys.entry(lease.tokenID)
        guard let record = try await storage.get(key) else { return false }
        guard let entry = TokenEntry(id: lease.tokenID, encoded: record.value) else { throw .corrupted(key: key) }
        guard entry.isValid(at: time.now()) else { return false }
        batch.check(key, .version(record.version))
        return true
    }
}
