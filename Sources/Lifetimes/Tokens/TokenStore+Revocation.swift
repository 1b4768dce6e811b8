package import EngineKit

/// Revoking a token takes everything it made with it.
///
/// Each step is one batch that deletes a token and leaves `revoking/<id>` until its children are gone too, so a
/// crash in the middle is finished by ``resumeRevocations()`` before the server answers again.
extension TokenStore {
    private static let pageSize = 500

    package func revokeTree(id: String) async throws(StorageError) {
        try await retire(id)
        try await revokeChildren(of: id)
    }

    /// Revokes one token; its children live on as orphans.
    package func revokeOrphaning(id: String) async throws(StorageError) {
        while true {
            let children = try await storage.list(Listing(prefix: TokenKeys.children(of: id), limit: Self.pageSize))
            if children.isEmpty { break }
            for child in children { try await orphan(child, of: id) }
        }
        try await revokeTree(id: id)
    }

    /// Finishes what a crash interrupted. Call after an unseal, before serving.
    package func resumeRevocations() async throws(StorageError) {
        while true {
            let pending = try await storage.list(Listing(prefix: TokenKeys.revokings, limit: Self.pageSize))
            if pending.isEmpty { return }
            for id in pending { try await revokeChildren(of: id) }
        }
    }

    /// Revokes tokens that are past their end, at most `limit`. The number revoked.
    package func expireDue(limit: Int) async throws(StorageError) -> Int {
        let now = time.now()
        let names = try await storage.list(Listing(prefix: TokenKeys.expiries, limit: limit, isRecursive: true))
        var count = 0
        for name in names {
            guard let (seconds, id) = TokenKeys.parseExpiry(name), seconds <= now.seconds else { break }
            guard let entry = try await entry(id: id) else {
                var batch = Batch()
                batch.delete(TokenKeys.expiries + name)
                try await storage.commit(batch)
                continue
            }
            if entry.isValid(at: now) { continue }
            try await revokeTree(id: id)
            count += 1
        }
        return count
    }

    private func revokeChildren(of top: String) async throws(StorageError) {
        var stack = [top]
        while let id = stack.last {
            let children = try await storage.list(Listing(prefix: TokenKeys.children(of: id), limit: Self.pageSize))
            guard children.isEmpty else {
                for child in children { try await retire(child, knownParent: id) }
                stack.append(contentsOf: children)
                continue
            }
            try await queueLeases(of: id)
            try await emptyCubbyhole(of: id)
            var batch = Batch()
            batch.delete(TokenKeys.revoking(id))
            try await storage.commit(batch)
            stack.removeLast()
        }
    }

    /// Deletes a token's own records and notes that its children are still to go.
    private func retire(_ id: String, knownParent: String? = nil) async throws(StorageError) {
        while true {
            var batch = Batch()
            batch.put(TokenKeys.revoking(id), [])
            let current = try await read(id)
            if let (entry, version) = current {
                batch.delete(TokenKeys.entry(id), if: .version(version))
                batch.delete(accessorKey(entry.accessor))
                if let expiresAt = entry.expiresAt { batch.delete(TokenKeys.expiry(expiresAt, id)) }
            }
            if let parent = knownParent ?? current?.entry.parentID, !parent.isEmpty {
                batch.delete(TokenKeys.child(of: parent, id))
            }
            guard try await storage.commitIfUnchanged(batch) else { continue }
            invalidate([id])
            return
        }
    }

    private func orphan(_ child: String, of parent: String) async throws(StorageError) {
        while true {
            var batch = Batch()
            batch.delete(TokenKeys.child(of: parent, child))
            if let (current, version) = try await read(child) {
                var entry = current
                entry.parentID = ""
                batch.put(TokenKeys.entry(child), entry.encoded(), if: .version(version))
            }
            guard try await storage.commitIfUnchanged(batch) else { continue }
            invalidate([child])
            return
        }
    }
}
