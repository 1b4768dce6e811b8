package import EngineKit
import Records

/// The stored leases: creates, finds and renews them, and queues them until their engine has revoked them.
///
/// Only the current page of leases is in memory, and nothing is read at start. Every change is one atomic batch that
/// includes the index entries. Index entries of leases that do not exist are removed when they are found.
package struct LeaseStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    private let leasesQueued: @Sendable () -> Void

    /// Creates a store in the storage of the tokens, because a lease is created only while its token exists.
    package init(tokens: TokenStore) {
        storage = tokens.storage
        time = tokens.time
        randomness = tokens.randomness
        leasesQueued = tokens.leasesQueued
    }

    /// Starts the job that asks the engines to revoke queued leases.
    func callJob() { leasesQueued() }

    // MARK: Finding

    /// Returns a lease and the version of its record, or nil if there is none.
    package func read(_ id: String) async throws(StorageError) -> (entry: LeaseEntry, version: UInt64)? {
        guard let record = try await storage.get(LeaseKeys.entry(id)) else { return nil }
        guard let entry = LeaseEntry(id: id, encoded: record.value) else { throw .corrupted(key: LeaseKeys.entry(id)) }
        return (entry, record.version)
    }

    /// Returns a page of ids below a prefix, relative to it. The prefix ends with `/` or is empty.
    package func list(
        _ prefix: String, after: String? = nil, limit: Int, isRecursive: Bool = false
    ) async throws(StorageError) -> [String] {
        try await storage.list(
            Listing(prefix: LeaseKeys.entries + prefix, after: after, limit: limit, isRecursive: isRecursive))
    }

    /// Returns a page of ids of irrevocable leases.
    package func irrevocables(after: String? = nil, limit: Int) async throws(StorageError) -> [String] {
        try await storage.list(
            Listing(prefix: LeaseKeys.irrevocables, after: after, limit: limit, isRecursive: true))
    }

    // MARK: Making and renewing

    /// Creates a lease that is not registered yet.
    ///
    /// Its end does not depend on the end of a service token, which is revoked with its leases: otherwise a renewed token
    /// would have leases that end too early. The end of a batch token, which has no record, is stored in the lease, and so
    /// is `end`, that of the capability token of the caller.
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

    /// Stores a lease. Returns it as stored, or nil if its token does not exist or ends now.
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

    /// Renews a lease. Returns nil if it, its version or its token has changed, or if no renewal can extend it.
    ///
    /// - Parameter maxTTL: The mount's maximum today, in seconds. It also applies to leases that were created when it was
    /// longer.
    package func renew(
        _ lease: LeaseEntry, version: UInt64, grant: LeaseGrant, maxTTL: Int = .max
    ) async throws(StorageError) -> LeaseEntry? {
        var isRepeated = false
        return try await storage.transact { batch throws(StorageError) -> LeaseEntry? in
            // Unless the token has changed, another attempt would fail in the same way.
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

    /// Returns whether the token of a lease exists and is valid, and makes the batch depend on it: a revocation deletes the
    /// record that the batch requires.
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
