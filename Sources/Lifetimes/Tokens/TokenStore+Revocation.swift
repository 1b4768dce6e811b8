package import EngineKit
import Records

/// The revocation of a token and of everything that was created with it. Each step is one batch that deletes a token and
/// adds `revoking/<id>`, which remains until its children are deleted too.
///
/// After the first step, all descendants are refused (``descends(_:)``). A revocation that was interrupted, by a crash or
/// an unavailable store, is completed by the leader (``finishRevocations(leftSince:)``), or on a single node before it
/// serves requests.
extension TokenStore {
    private static let pageSize = 500
    /// The number of tokens that are revoked at the same time, so that their commits are combined.
    private static let widthMax = 16

    /// Revokes a token and everything that was created with it.
    package func revokeTree(id: String) async throws(StorageError) {
        try await retire(id)
        try await revokeChildren(of: id)
    }

    /// Revokes a single token. Its children remain as orphans.
    package func revokeOrphaning(id: String) async throws(StorageError) {
        while true {
            let children = try await storage.list(Listing(prefix: TokenKeys.children(of: id), limit: Self.pageSize))
            if children.isEmpty { break }
            for child in children { try await orphan(child, of: id) }
        }
        try await revokeTree(id: id)
    }

    /// Completes revocations that a crash interrupted. To be called after unsealing, before requests are served.
    package func resumeRevocations() async throws(StorageError) {
        while true {
            let pending = try await storage.list(Listing(prefix: TokenKeys.revokings, limit: Self.pageSize))
            if pending.isEmpty { return }
            for id in pending { try await revokeChildren(of: id) }
        }
    }

    /// Completes revocations that were in progress at an earlier call and still are. Completing one that another node is
    /// working on does no harm, because every step can be repeated.
    ///
    /// - Returns: The revocations that are in progress now, for the next call.
    package func finishRevocations(leftSince earlier: Set<String>) async throws(StorageError) -> Set<String> {
        let pending = Set(try await storage.list(Listing(prefix: TokenKeys.revokings, limit: Self.pageSize)))
        let left = pending.intersection(earlier)
        guard !left.isEmpty else { return pending }
        try Self.check(
            await concurrently(Array(left), width: Self.widthMax) { [self] id in try await revokeChildren(of: id) })
        return pending.subtracting(left)
    }

    /// Throws the first failure, after all were tried.
    private static func check(_ results: [Result<some Sendable, any Error>]) throws(StorageError) {
        for case .failure(let error) in results { throw error as? StorageError ?? .unavailable("\(type(of: error))") }
    }

    /// Revokes expired tokens, at most `limit`, several at a time so that their commits are combined. Returns the number of
    /// revoked tokens.
    package func expireDue(limit: Int) async throws(StorageError) -> Int {
        let now = time.now()
        let names = try await storage.list(Listing(prefix: TokenKeys.expiries, limit: limit, isRecursive: true))
        let due = names.prefix { TokenKeys.parseExpiry($0).map { $0.seconds <= now.seconds } ?? false }
        let results = await concurrently(Array(due), width: 16) { [self] name in try await expire(name, at: now) }
        try Self.check(results)
        return results.count { (try? $0.get()) == true }
    }

    /// Revokes an expired token. Returns false if it is still valid, or does not exist.
    private func expire(_ name: String, at now: Timestamp) async throws(StorageError) -> Bool {
        guard let (seconds, id, _) = TokenKeys.parseExpiry(name) else { return false }
        let key = TokenKeys.expiries + name
        let entry: TokenEntry?
        do throws(StorageError) {
            entry = try await self.entry(id: id)
        } catch {
            guard case .corrupted = error else { throw error }
            // The record is damaged, and only the key contains its end. If it stayed, it would block all tokens that end
            // later.
            try await revokeTree(id: id)
            try await storage.delete(key)
            return true
        }
        // The token is in its last second. A renewed token has another key.
        if let entry, entry.isValid(at: now), entry.expiresAt.map({ $0.seconds == seconds }) == true { return false }
        let isDue = entry.map { !$0.isValid(at: now) } ?? false
        if isDue { try await revokeTree(id: id) }
        if entry.flatMap({ TokenKeys.expiry($0) }) != key || !isDue {
            try await storage.delete(key)
        }
        return isDue
    }

    private func revokeChildren(of top: String) async throws(StorageError) {
        var stack = [top]
        while let id = stack.last {
            let children = try await storage.list(Listing(prefix: TokenKeys.children(of: id), limit: Self.pageSize))
            guard children.isEmpty else {
                try Self.check(
                    await concurrently(children, width: Self.widthMax) { [self] in try await retire($0, knownParent: id) })
                stack.append(contentsOf: children)
                continue
            }
            try await queueLeases(of: id)
            try await emptyCubbyhole(of: id)
            try await storage.delete(TokenKeys.revoking(id))
            stack.removeLast()
        }
    }

    /// Deletes the records of a token and notes that its children are still to be revoked.
    private func retire(_ id: String, knownParent: String? = nil) async throws(StorageError) {
        // The cache is cleared even after a failure, because the batch may have been written.
        defer {
            invalidate([id])
            noteEnding()
        }
        do throws(StorageError) {
            try await lines.inTurn(id) { () throws(StorageError) in
                try await storage.transact { batch throws(StorageError) in
                    try await retire(id, knownParent: knownParent, whenUnchanged: true, in: &batch)
                }
            }
        } catch {
            guard case .contended = error else { throw error }
            // The holder keeps changing the record on other nodes, so it is deleted without a precondition. An index entry
            // that remains refers to nothing.
            var batch = Batch()
            try await retire(id, knownParent: knownParent, whenUnchanged: false, in: &batch)
            try await storage.commit(batch)
        }
    }

    private func retire(
        _ id: String, knownParent: String?, whenUnchanged: Bool, in batch: inout Batch
    ) async throws(StorageError) {
        batch.put(TokenKeys.revoking(id), [])
        var parent = knownParent
        do throws(StorageError) {
            if let (entry, version) = try await read(id) {
                batch.delete(TokenKeys.entry(id), if: whenUnchanged ? .version(version) : .none)
                batch.delete(accessorKey(entry.accessor))
                if let expiry = TokenKeys.expiry(entry) { batch.delete(expiry) }
                parent = parent ?? entry.parentID
            }
        } catch .corrupted {
            // A record that cannot be read is deleted, too; otherwise, the whole tree would remain.
            batch.delete(TokenKeys.entry(id))
        }
        if let parent, !parent.isEmpty { batch.delete(TokenKeys.child(of: parent, id)) }
    }

    private func orphan(_ child: String, of parent: String) async throws(StorageError) {
        defer { invalidate([child]) }
        try await lines.inTurn(child) { () throws(StorageError) in
            try await storage.transact { batch throws(StorageError) in
                batch.delete(TokenKeys.child(of: parent, child))
                do throws(StorageError) {
                    guard let (current, version) = try await read(child) else { return }
                    var entry = current
                    entry.parentID = ""
                    entry.generation = 0
                    batch.put(TokenKeys.entry(child), entry.encoded(), if: .version(version))
                } catch .corrupted {
                    // A damaged child is refused anyway, and must not stop the revocation of its parent and of the other
                    // children.
                }
            }
        }
    }
}
