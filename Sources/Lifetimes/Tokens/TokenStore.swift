import Capabilities
import Hashes
package import EngineKit
import Records
package import SecretMemory
import Synchronization
import Syntax

/// Tokens: made, found, renewed and revoked. Every change is one atomic batch.
///
/// Records are found by the HMAC of the token, so a stolen database holds nothing that logs in. Entries that are in
/// use stay open in a bounded cache; every change here drops what it changed.
package final class TokenStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    private let keyed: KeyedHash
    let batchTokens: BatchTokens
    /// Called when leases wait to be revoked.
    let leasesQueued: @Sendable () -> Void
    private let cache: UnfairLock<Cache>
    /// Counts what may have taken a token with descendants away, here or on another node.
    let endings = Atomic<Int>(0)

    private struct Cache {
        var entries: [String: LiveToken] = [:]
        /// Where an entry that is filed under its older id is kept here as well.
        var aliases: [String: String] = [:]
        /// Counts changes, so that a slow reader does not put back what a change has just dropped.
        var generation = 0
    }

    private static let cachedEntriesMax = 20_000
    /// For changes of one token, and of one counter of uses.
    let lines = WriterQueues()

    /// `storage` is the barrier's slice for tokens; `key` the subkey `token-hmac/v1`.
    package init(
        storage: any Storage, key: SecretBytes, time: any TimeSource, randomness: any Randomness,
        leasesQueued: @escaping @Sendable () -> Void = {}
    ) {
        self.leasesQueued = leasesQueued
        self.storage = storage
        keyed = key.withBytes { KeyedHash(key: $0) }
        batchTokens = BatchTokens(tokenKey: key)
        self.time = time
        self.randomness = randomness
        cache = UnfairLock(Cache())
    }

    package var now: Timestamp { time.now() }

    // MARK: Finding

    /// The entry of a token that is valid now, else nil.
    package func authenticate(_ token: String) async throws(StorageError) -> TokenEntry? {
        try await find(token)?.entry
    }

    /// The token, when it is valid now.
    package func find(_ token: String) async throws(StorageError) -> LiveToken? {
        if token.hasUTF8Prefix(TokenFormat.batchPrefix) { return try await authenticateBatch(token).map { LiveToken($0) } }
        guard !token.isEmpty, token.utf8.count <= TokenFormat.bytesMax else { return nil }
        let id = id(of: token)
        let (cached, generation) = cached(id)
        if let cached {
            guard cached.entry.isValid(at: time.now()) else { return nil }
            if cached.isDescentKnown(at: endings.load(ordering: .acquiring)) { return cached }
            return try await descends(cached) ? cached : nil
        }
        // What cannot be a token is not looked for.
        guard TokenFormat.isPlausible(token) else { return nil }
        var found = try await load(id, generation)
        if found == nil { found = try await load(olderID(of: token), generation, alias: id) }
        guard let found else { return nil }
        guard found.entry.isValid(at: time.now()) else { return nil }
        return try await descends(found) ? found : nil
    }

    /// The entry with this id, valid or not.
    package func entry(id: String) async throws(StorageError) -> TokenEntry? { try await find(id: id)?.entry }

    func find(id: String) async throws(StorageError) -> LiveToken? {
        let (cached, generation) = cached(id)
        if let cached { return cached }
        return try await load(id, generation)
    }

    private func cached(_ id: String) -> (LiveToken?, generation: Int) {
        cache.withLock { ($0.entries[id], $0.generation) }
    }

    private func load(_ id: String, _ generation: Int, alias: String? = nil) async throws(StorageError) -> LiveToken? {
        guard let entry = try await read(id)?.entry else { return nil }
        let token = LiveToken(entry)
        cache.withLock { cache in
            guard cache.generation == generation else { return }
            if cache.entries.count >= Self.cachedEntriesMax {
                cache.entries.removeAll()
                cache.aliases.removeAll()
            }
            cache.entries[alias ?? id] = token
            if let alias { cache.aliases[id] = alias }
        }
        return token
    }

    /// The id of the token with this accessor, valid or not.
    package func id(accessor: String) async throws(StorageError) -> String? {
        guard let record = try await storage.get(TokenKeys.accessor(hash(accessor))) else { return nil }
        return Self.tokenID(ofAccessor: record)
    }

    static func tokenID(ofAccessor record: StoredRecord) -> String? {
        (try? JSON(parsing: record.value))?["id"]?.stringValue
    }

    /// A page of accessors in the order of their records.
    package func accessors(after: String? = nil, limit: Int = StorageLimits.pageMax) async throws(StorageError) -> [String] {
        let names = try await storage.list(
            Listing(prefix: TokenKeys.accessors, after: after.map { hash($0) }, limit: limit))
        var accessors: [String] = []
        for name in names {
            do throws(StorageError) {
                guard let record = try await storage.get(TokenKeys.accessors + name) else { continue }
                if let accessor = (try? JSON(parsing: record.value))?["accessor"]?.stringValue { accessors.append(accessor) }
            } catch .corrupted {
                // One damaged record does not hide the others.
                continue
            }
        }
        return accessors
    }

    /// Lower-case hex of the HMAC of the token's handle, which a capability token brings along.
    package func id(of token: String) -> String { id(ofHandle: ParentKeys.handle(of: token)) }

    func id(ofHandle handle: [UInt8]) -> String { handle.withUnsafeBytes { hash($0) } }

    /// What tokens were filed under before they had handles. They are found as ever and cannot be narrowed.
    func olderID(of token: String) -> String { hash(token) }

    /// The id that a token is filed under, valid or not; what it would be where there is none.
    package func knownID(of token: String) async throws(StorageError) -> String {
        let (id, older) = (id(of: token), olderID(of: token))
        if try await isOnRecord(id) { return id }
        return try await isOnRecord(older) ? older : id
    }

    /// A record that is damaged is there all the same, so that its token can be revoked.
    package func isOnRecord(_ id: String) async throws(StorageError) -> Bool {
        do throws(StorageError) {
            return try await storage.get(TokenKeys.entry(id)) != nil
        } catch .corrupted {
            return true
        }
    }

    private func hash(_ text: String) -> String {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer) -> String { keyed.withCode(of: bytes) { Hex.encode($0) } }

    // MARK: Making

    /// The records of a new token, for a batch that may hold more. `configure` fills the entry in.
    ///
    /// - Parameter named: the token's own text where somebody chose it, else a random one.
    package func prepare(
        named: String? = nil, displayName: String, policies: [String], path: String, into batch: inout Batch,
        configure: (inout TokenEntry) -> Void = { _ in }
    ) -> (token: String, entry: TokenEntry) {
        let token = named ?? TokenFormat.makeServiceToken(randomness)
        var entry = TokenEntry(
            id: id(of: token), accessor: TokenFormat.makeAccessor(randomness), policies: policies, displayName: displayName,
            path: path, createdAt: time.now())
        entry.capabilityKey = ParentKeys.key(of: token)
        configure(&entry)
        batch.put(TokenKeys.entry(entry.id), entry.encoded(), if: .absent)
        let pointer: JSONObject = ["id": .string(entry.id), "accessor": .string(entry.accessor)]
        batch.put(TokenKeys.accessor(hash(entry.accessor)), pointer.encoded(), if: .absent)
        if let key = TokenKeys.expiry(entry) { batch.put(key, []) }
        if !entry.isOrphan { batch.put(TokenKeys.child(of: entry.parentID, entry.id), []) }
        return (token, entry)
    }

    /// Makes a token, or nil when its parent was revoked meanwhile or may have no children, or the chosen text is taken.
    package func create(
        named: String? = nil, parent: TokenEntry?, displayName: String, policies: [String], path: String,
        configure: (inout TokenEntry) -> Void
    ) async throws(StorageError) -> (token: String, entry: TokenEntry)? {
        // A chosen text that is the parent's own is taken.
        if let named, let parent, [id(of: named), olderID(of: named)].contains(parent.id) { return nil }
        guard parent?.mayHaveChildren != false else { return nil }
        let made = try await storage.transact { batch throws(StorageError) -> (token: String, entry: TokenEntry)? in
            if let named, try await isTaken(named) { return nil }
            if let parent {
                guard let current = try await storage.get(TokenKeys.entry(parent.id)) else { return nil }
                // A revocation deletes this record: then the child is not written either.
                batch.check(TokenKeys.entry(parent.id), .version(current.version))
            }
            let made = prepare(named: named, displayName: displayName, policies: policies, path: path, into: &batch) { entry in
                entry.parentID = parent?.id ?? ""
                entry.generation = parent.map { $0.generation + 1 } ?? 0
                configure(&entry)
            }
            if let named { batch.check(TokenKeys.entry(olderID(of: named)), .absent) }
            return made
        }
        if let made { invalidate([made.entry.id]) }
        return made
    }

    /// Whether there is a token of that text, under its name of today or its older one.
    private func isTaken(_ text: String) async throws(StorageError) -> Bool {
        if try await isOnRecord(id(of: text)) { return true }
        return try await isOnRecord(olderID(of: text))
    }

    // MARK: Changing

    /// Spends one use of a token with a bound on them. The entry as it is now, or nil when none was left.
    package func spendUse(_ entry: TokenEntry) async throws(StorageError) -> TokenEntry? {
        guard entry.usesLeft != 0 else { return entry }
        return try await change(entry.id) { entry in
            guard entry.usesLeft > 0 else { return false }
            entry.usesLeft = entry.usesLeft == 1 ? -1 : entry.usesLeft - 1
            return true
        }
    }

    /// Gives a token more time, on the terms of today. nil when it is gone or its end cannot be moved.
    package func renew(
        id: String, increment: Int, terms: RenewalTerms
    ) async throws(StorageError) -> (entry: TokenEntry, lifetime: TokenLifetime)? {
        var lifetime: TokenLifetime?
        let now = time.now()
        let renewed = try await change(id) { entry in
            guard entry.isRenewable, entry.isValid(at: now), entry.expiresAt != nil else { return false }
            guard let renewed = TokenLifetime.renewed(entry, increment: increment, terms: terms, at: now) else { return false }
            lifetime = renewed
            entry.expiresAt = now.adding(seconds: renewed.ttl)
            entry.renewedAt = now
            entry.maxTTL = terms.maxTTL
            entry.explicitMaxTTL = terms.explicitMaxTTL
            entry.period = terms.period
            entry.boundCIDRs = terms.boundCIDRs
            return true
        }
        guard let renewed, let lifetime else { return nil }
        return (renewed, lifetime)
    }

    /// Reads, changes and writes back; tries again when another change came between.
    private func change(_ id: String, _ body: (inout TokenEntry) -> Bool) async throws(StorageError) -> TokenEntry? {
        var isChanged = false
        // After a failure too, which does not say that nothing was written.
        defer { if isChanged { invalidate([id]) } }
        // Uses and renewals of one token wait for each other, and so nobody overtakes its revocation for ever.
        return try await lines.inTurn(id) { () throws(StorageError) in
            try await storage.transact { batch throws(StorageError) -> TokenEntry? in
                guard let (before, version) = try await read(id) else { return nil }
                var entry = before
                guard body(&entry) else { return nil }
                isChanged = true
                batch.put(TokenKeys.entry(id), entry.encoded(), if: .version(version))
                let (oldKey, newKey) = (TokenKeys.expiry(before), TokenKeys.expiry(entry))
                if oldKey != newKey {
                    if let oldKey { batch.delete(oldKey) }
                    if let newKey { batch.put(newKey, []) }
                }
                return entry
            }
        }
    }

    func read(_ id: String) async throws(StorageError) -> (entry: TokenEntry, version: UInt64)? {
        guard let record = try await storage.get(TokenKeys.entry(id)) else { return nil }
        guard let entry = TokenEntry(id: id, encoded: record.value) else { throw .corrupted(key: TokenKeys.entry(id)) }
        return (entry, record.version)
    }

    /// Drops open entries after a change of their records, here or on another node.
    package func invalidate(_ ids: [String]) {
        cache.withLock { cache in
            cache.generation += 1
            for id in ids {
                cache.entries[id] = nil
                if let alias = cache.aliases.removeValue(forKey: id) { cache.entries[alias] = nil }
            }
        }
    }

    /// Drops what is open of records that another node changed. Keys are relative to the store's slice.
    package func drop(_ change: StorageChange) {
        switch change {
        case .keys(let keys):
            let ids = keys.filter { $0.hasUTF8Prefix(TokenKeys.entries) }.map {
                String($0.dropFirstUTF8(TokenKeys.entries.utf8.count))
            }
            if !ids.isEmpty { invalidate(ids) }
            if keys.contains(where: { $0.hasUTF8Prefix(TokenKeys.revokings) }) { noteEnding() }
        case .everything:
            defer { noteEnding() }
            cache.withLock { cache in
                cache.generation += 1
                cache.entries.removeAll()
            }
        }
    }

    /// The key under which an accessor is filed, for batches elsewhere in this room.
    func accessorKey(_ accessor: String) -> String { TokenKeys.accessor(hash(accessor)) }
}
