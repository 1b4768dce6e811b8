package import EngineKit
import Records

/// What a token keeps for itself. Nobody else reads it, and it goes with the token.
extension TokenStore {
    package func cubbyhole(of id: String, read path: String) async throws(StorageError) -> [UInt8]? {
        try await storage.get(TokenKeys.cubbyhole(of: id) + path)?.value
    }

    /// `folder` ends with `/` or is empty.
    package func cubbyhole(of id: String, list folder: String, after: String?, limit: Int) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: TokenKeys.cubbyhole(of: id) + folder, after: after, limit: limit))
    }

    /// False when the token is gone: nothing is stored that no revocation would find.
    package func cubbyhole(of id: String, write path: String, _ value: [UInt8]) async throws(StorageError) -> Bool {
        try await storage.transact { batch throws(StorageError) in
            guard let current = try await storage.get(TokenKeys.entry(id)) else { return false }
            batch.check(TokenKeys.entry(id), .version(current.version))
            batch.put(TokenKeys.cubbyhole(of: id) + path, value)
            return true
        }
    }

    package func cubbyhole(of id: String, delete path: String) async throws(StorageError) {
        var batch = Batch()
        batch.delete(TokenKeys.cubbyhole(of: id) + path)
        try await storage.commit(batch)
    }

    /// Part of a revocation: what is left when it is interrupted is found by its `revoking/` mark.
    func emptyCubbyhole(of id: String) async throws(StorageError) {
        try await removeAll(TokenKeys.cubbyhole(of: id))
        try await removeAll(TokenKeys.capabilityUses(of: id))
    }

    private func removeAll(_ prefix: String) async throws(StorageError) {
        while true {
            let names = try await storage.list(Listing(prefix: prefix, limit: 1_000, isRecursive: true))
            if names.isEmpty { return }
            var batch = Batch()
            for name in names { batch.delete(prefix + name) }
            try await storage.commit(batch)
        }
    }
}
