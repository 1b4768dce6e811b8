package import EngineKit

/// Leases on disk: made, found, renewed, and queued until their engine has taken back what they gave.
///
/// Nothing of them is in memory but the page at hand, and nothing is read at start. Every change is one atomic batch
/// with its indexes; an index entry whose lease is gone is dropped when it comes up.
package struct LeaseStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    private let randomness: any Randomness

    private static let attemptsMax = 16

    /// Shares the tokens' slice: a lease is made only while its token is there.
    package init(tokens: TokenStore) {
        storage = tokens.storage
        time = tokens.time
        randomness = tokens.randomness
    }

    // MARK: Finding

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

    package func irrevocables(after: String? = nil, limit: Int) async throws(StorageError) -> [String] {
        try await storage.list(
            Listing(prefix: LeaseKeys.irrevocables, after: after, limit: limit, isRecursive: true))
    }

    // MARK: Making and renewing

    /// A lease that is not registered yet, with its end not yet bounded by the token's.
    package func draft(
        path: String, tokenID: String, mountID: String, mountPath: String, grant: LeaseGrant, defaultTTL: Int, maxTTL: Int
    ) -> LeaseEntry {
        let now = time.now()
        let terms = LeaseLifetime.terms(grant, defaultTTL: defaultTTL, maxTTL: maxTTL)
        return LeaseEntry(
            id: path + "/" + TokenFormat.makeAccessor(randomness), tokenID: tokenID, mountID: mountID, mountPath: mountPath,
            issuedAt: now, expiresAt: now.adding(seconds: terms.ttl), ttl: terms.ttl, maxTTL: terms.maxTTL,
            isRenewable: grant.isRenewable, data: grant.data)
    }

    /// The lease as it was registered, or nil when its token is gone or at its end.
    package func register(_ draft: LeaseEntry) async throws(StorageError) -> LeaseEntry? {
        for _ in 0..<Self.attemptsMax {
            guard let token = try await token(draft.tokenID) else { return nil }
            var entry = draft
            guard let end = LeaseLifetime.end(ttl: draft.ttl, tokenEnd: token.entry.expiresAt, at: time.now()) else { return nil }
            entry.expiresAt = end
            var batch = Batch()
            // A revocation deletes this record: then the lease is not written either.
            batch.check(TokenKeys.entry(entry.tokenID), .version(token.version))
            batch.put(LeaseKeys.entry(entry.id), entry.encoded(), if: .absent)
            batch.put(LeaseKeys.expiry(entry.expiresAt, entry.id), [])
            batch.put(LeaseKeys.token(entry.tokenID, entry.id), [])
            if try await storage.commitIfUnchanged(batch) { return entry }
        }
        throw .unavailable("too many changes to one token at once; retry")
    }

    /// The renewed lease; nil when it, its version or its token changed, or when no renewal moves its end.
    package func renew(_ lease: LeaseEntry, version: UInt64, grant: LeaseGrant) async throws(StorageError) -> LeaseEntry? {
        for _ in 0..<Self.attemptsMax {
            let now = time.now()
            guard let token = try await token(lease.tokenID) else { return nil }
            guard let end = LeaseLifetime.renewedEnd(lease, grant: grant, tokenEnd: token.entry.expiresAt, at: now) else {
                return nil
            }
            var entry = lease
            entry.expiresAt = end
            entry.renewedAt = now
            entry.isRenewable = grant.isRenewable
            entry.data = grant.data
            var batch = Batch()
            batch.check(TokenKeys.entry(entry.tokenID), .version(token.version))
            batch.put(LeaseKeys.entry(entry.id), entry.encoded(), if: .version(version))
            let (old, new) = (LeaseKeys.expiry(lease.expiresAt, lease.id), LeaseKeys.expiry(end, lease.id))
            if old != new {
                batch.delete(old)
                batch.put(new, [])
            }
            if try await storage.commitIfUnchanged(batch) { return entry }
            guard try await read(lease.id)?.version == version else { return nil }
        }
        return nil
    }

    private func token(_ id: String) async throws(StorageError) -> (entry: TokenEntry, version: UInt64)? {
        guard let record = try await storage.get(TokenKeys.entry(id)) else { return nil }
        guard let entry = TokenEntry(id: id, encoded: record.value) else { throw .corrupted(key: TokenKeys.entry(id)) }
        return (entry, record.version)
    }
}
