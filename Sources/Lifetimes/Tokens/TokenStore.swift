import Capabilities
import Hashes
package import EngineKit
import Records
package import SecretMemory
import Synchronization
import Syntax

/// Creates, finds, renews and revokes tokens. Every change is one atomic batch.
///
/// Records are named by the HMAC of the token, so that a stolen database contains no usable token. Entries in use are in a
/// bounded cache, from which every change removes what it affects.
package final class TokenStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    private let keyed: KeyedHash
    let batchTokens: BatchTokens
    /// Called when leases are queued for revocation.
    let leasesQueued: @Sendable () -> Void
    private let cache: UnfairLock<Cache>
    /// The number of changes, on any node, that may have deleted a token with descendants.
    let endings = Atomic<Int>(0)

    private struct Cache {
        var entries: [String: LiveToken] = [:]
        /// The older ids under which entries are stored, by the ids of today.
        var aliases: [String: String] = [:]
        /// The number of changes, so that a slow reader does not cache what a change has just removed.
        var generation = 0
    }

    private static let cachedEntriesMax = 20_000
    /// The queues of writers of one token or one counter of uses.
    let lines = WriterQueues()

    /// Creates the store. `storage` is the part of the barrier for tokens, and `key` the subkey `token-hmac/v1`.
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

    /// The time of the store.
    package var now: Timestamp { time.now() }

    // MARK: Finding

    /// Returns the entry of a token, or nil unless it is valid now.
    package func authenticate(_ token: String) async throws(StorageError) -> TokenEntry? {
        try await find(token)?.entry
    }

    /// Returns a token, or nil unless it is valid now.
    package func find(_ token: String) async throws(StorageError) -> LiveToken? {
        if token.hasUTF8Prefix(TokenFormat.batchPrefix) { return try await authenticateBatch(token).map { LiveToken($0) } }
        guard !token.isEmpty, token.utf8.count <= TokenFormat.bytesMax else { return nil }
        let id = id(of: token)
        let (cached, generation) = cached(id)
        if let cached {
            guard cached.isValid(at: time.now()) else { return nil }
            if cached.isDescentKnown(at: endings.load(ordering: .acquiring)) { return cached }
            return try await descends(cached) ? cached : nil
        }
        // A text that cannot be a token needs no lookup.
        guard TokenFormat.isPlausible(token) else { return nil }
        var found = try await load(id, generation)
        if found == nil { found = try await load(olderID(of: token), generation, alias: id) }
        guard let found else { return nil }
        guard found.isValid(at: time.now()) else { return nil }
        return try await descends(found) ? found : nil
    }

    /// Returns the entry with this id, valid or not, or nil if there is none.
    package func entry(id: String) async throws(StorageError) -> TokenEntry? { try await find(id: id)?.entry }

    /// Returns the token with this id, valid or not, or nil if there is none.
    package func find(id: String) async throws(StorageError) -> LiveToken? {
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

    /// Returns the id of the token with this accessor, valid or not, or nil if there is none.
    package func id(accessor: String) async throws(StorageError) -> String? {
        guard let record = try await storage.get(TokenKeys.accessor(hash(accessor))) else { return nil }
        return Self.tokenID(ofAccessor: record)
    }

    static func tokenID(ofAccessor record: StoredRecord) -> String? {
        (try? JSON(parsing: record.value))?["id"]?.stringValue
    }

    /// Returns a page of accessors in the order of their records.
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

    /// Returns the id of a token: the HMAC of its handle in lower-case hex. Capability tokens derived from it have the same
    /// handle.
    package func id(of token: String) -> String { id(ofHandle: ParentKeys.handle(of: token)) }

    func id(ofHandle handle: [UInt8]) -> String { handle.withUnsafeBytes { hash($0) } }

    /// Returns the id under which tokens were stored before there were handles. Such tokens are still found, but capability
    /// tokens cannot be derived from them.
    func olderID(of token: String) -> String { hash(token) }

    /// Returns the id under which a token is stored, valid or not, or would be stored if it existed.
    package func knownID(of token: String) async throws(StorageError) -> String {
        let (id, older) = (id(of: token), olderID(of: token))
        if try await isOnRecord(id) { return id }
        return try await isOnRecord(older) ? older : id
    }

    /// Whether there is a record with this id, even a damaged one. A token with a damaged record can be revoked.
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

    private func hash(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        keyed.withCode(of: bytes) { text = Hex.encode($0) }
        return text
    }

    // MARK: Making

    /// Adds the records of a new token to a batch. `configure` completes the entry.
    ///
    /// - Parameter named: The text of the token if it was chosen; otherwise it is random.
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

    /// Creates a token. Returns nil if its parent was revoked in the meantime or may have no children, or if the chosen
    /// text is taken.
    package func create(
        named: String? = nil, parent: TokenEntry?, displayName: String, policies: [String], path: String,
        configure: (inout TokenEntry) -> Void
    ) async throws(StorageError) -> (token: String, entry: TokenEntry)? {
        // The text of the parent is taken.
        if let named, let parent, [id(of: named), olderID(of: named)].contains(parent.id) { return nil }
        guard parent?.mayHaveChildren != false else { return nil }
        let made = try await storage.transact { batch throws(StorageError) -> (token: String, entry: TokenEntry)? in
            if let named, try await isTaken(named) { return nil }
            if let parent {
                guard let current = try await storage.get(TokenKeys.entry(parent.id)) else { return nil }
                // A revocation of the parent deletes this record, so the child is not written after it.
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

    /// Whether there is a token with this text, under its current or its older id.
    private func isTaken(_ text: String) async throws(StorageError) -> Bool {
        if try await isOnRecord(id(of: text)) { return true }
        return try await isOnRecord(olderID(of: text))
    }

    // MARK: Changing

    /// Spends one use of a token with a limited number of them. Returns its new entry, or nil if no use was left.
    package func spendUse(_ entry: TokenEntry) async throws(StorageError) -> TokenEntry? {
        guard entry.usesLeft != 0 else { return entry }
        return try await change(entry.id) { entry in
            guard entry.usesLeft > 0 else { return false }
            entry.usesLeft = entry.usesLeft == 1 ? -1 : entry.usesLeft - 1
            return true
        }
    }

    /// Renews a token on current terms. Returns nil if it does not exist or if its end cannot be moved.
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

    /// Reads an entry, changes it and writes it back, and tries again if another writer was first.
    private func change(_ id: String, _ body: (inout TokenEntry) -> Bool) async throws(StorageError) -> TokenEntry? {
        var isChanged = false
        // The cache is cleared even after a failure, because the batch may have been written.
        defer { if isChanged { invalidate([id]) } }
        // Uses and renewals of a token wait for each other, so that they cannot keep overtaking its revocation.
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

    /// Removes entries from the cache after a change of their records on any node.
    package func invalidate(_ ids: [String]) {
        cache.withLock { cache in
            cache.generation += 1
            for id in ids {
                cache.entries[id] = nil
                if let alias = cache.aliases.removeValue(forKey: id) { cache.entries[alias] = nil }
            }
        }
    }

    /// Removes entries from the cache whose records another node changed. Keys are relative to the storage of tokens.
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

    /// Returns the key of the record of an accessor.
    func accessorKey(_ accessor: String) -> String { TokenKeys.accessor(hash(accessor)) }
}
