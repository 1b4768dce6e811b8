package import EngineKit
import Records

/// The cubbyhole of a token, which only the token can read. It is deleted with the token.
extension TokenStore {
    /// Returns the value at a path, or nil if there is none.
    package func cubbyhole(of id: String, read path: String) async throws(StorageError) -> [UInt8]? {
        try await storage.get(TokenKeys.cubbyhole(of: id) + path)?.value
    }

    /// Returns a page of names in a folder, which ends with `/` or is empty.
    package func cubbyhole(of id: String, list folder: String, after: String?, limit: Int) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: TokenKeys.cubbyhole(of: id) + folder, after: after, limit: limit))
    }

    /// Writes a value. Returns false if the token does not exist, because no revocation would delete the value.
    package func cubbyhole(of id: String, write path: String, _ value: [UInt8]) async throws(StorageError) -> Bool {
        try await storage.transact { batch throws(StorageError) in
            guard let current = try await storage.get(TokenKeys.entry(id)) else { return false }
            batch.check(TokenKeys.entry(id), .version(current.version))
            batch.put(TokenKeys.cubbyhole(of: id) + path, value)
            return true
        }
    }

    /// Deletes the value at a path.
    package func cubbyhole(of id: String, delete path: String) async throws(StorageError) {
        try await storage.delete(TokenKeys.cubbyhole(of: id) + path)
    }

    /// Deletes the cubbyhole as part of a revocation. If that is interrupted, the record below `revoking/` shows what is
    /// left to do.
    func emptyCubbyhole(of id: String) async throws(StorageError) {
        try await removeAll(TokenKeys.cubbyhole(of: id))
        try await removeAll(TokenKeys.capabilityUses(of: id))
    }

    private func removeAll(_ prefix: String) async throws(StorageError) {
        while true {
            let names = try await storage.list(Listing(prefix: prefix, limit: 1_000, isRecursive: true))
            if names.isEmpty { return }
            try await storage.delete(names, below: prefix)
        }
    }
}
