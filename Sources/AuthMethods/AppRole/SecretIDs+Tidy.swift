import EngineKit
import Records
import Syntax

extension SecretIDs {
    private static let pageSize = 500

    /// Removes the secret ids of deleted roles.
    func finishRemovals() async throws(StorageError) {
        for roleUID in try await storage.list(Listing(prefix: AppRoleKeys.leavings, limit: Self.pageSize)) {
            try await removeAll(of: roleUID)
        }
    }

    private func removeAll(of roleUID: String) async throws(StorageError) {
        for prefix in [AppRoleKeys.secret(roleUID, ""), AppRoleKeys.accessor(roleUID, "")] {
            while true {
                let names = try await storage.list(Listing(prefix: prefix, limit: Self.pageSize))
                if names.isEmpty { break }
                var batch = Batch()
                for name in names { batch.delete(prefix + name) }
                try await storage.commit(batch)
            }
        }
        var batch = Batch()
        batch.delete(AppRoleKeys.leavings + roleUID)
        try await storage.commit(batch)
    }

    /// Removes the secret ids of deleted roles, and expired ones, of which at most `limit`. Returns the number of expired
    /// ones removed.
    ///
    /// Nothing depends on it: an expired secret id is refused even if its record is still there.
    func tidy(limit: Int) async throws(StorageError) -> Int {
        try await finishRemovals()
        var removed = 0
        while removed < limit {
            let page = min(Self.pageSize, limit - removed)
            let count = try await storage.transact { batch throws(StorageError) in try await removePage(page, in: &batch) }
            if count == 0 { break }
            removed += count
        }
        return removed
    }

    private func removePage(_ limit: Int, in batch: inout Batch) async throws(StorageError) -> Int {
        let names = try await storage.list(Listing(prefix: AppRoleKeys.expiries, limit: limit, isRecursive: true))
        var count = 0
        for name in names {
            let parts = name.splitUTF8(at: "/").map(String.init)
            guard parts.count == 3, let seconds = Int(parts[0]) else { throw .corrupted(key: AppRoleKeys.expiries + name) }
            // The index has whole seconds, so an entry is due when its second has passed.
            guard Timestamp(seconds: seconds).adding(seconds: 1) <= time.now() else { break }
            batch.delete(AppRoleKeys.expiries + name)
            count += 1
            let key = AppRoleKeys.secret(parts[1], parts[2])
            let record: StoredRecord
            let secret: SecretID
            do throws(StorageError) {
                guard let found = try await storage.get(key) else { continue }
                record = found
                secret = try SecretID(decoding: found.value, key: key)
            } catch .corrupted {
                // A damaged record logs nobody in, and must not stop the removal of the ones after it.
                continue
            }
            guard !secret.isValid(at: time.now()) else { continue }
            batch.delete(key, if: .version(record.version))
            batch.delete(AppRoleKeys.accessor(parts[1], secret.accessor))
        }
        return count
    }
}
