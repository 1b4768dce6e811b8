package import EngineKit

/// Tokens that end by themselves, found by the keys of their index alone: what `sys/leases/` shows and revokes of them.
extension TokenStore {
    /// A page in the order of the tokens' ends; `last` goes into the next call, and is nil at the end.
    package func ending(
        after: String? = nil, limit: Int = 1_000
    ) async throws(StorageError) -> (tokens: [(id: String, path: String)], last: String?) {
        let names = try await storage.list(
            Listing(prefix: TokenKeys.expiries, after: after, limit: limit, isRecursive: true))
        var tokens: [(id: String, path: String)] = []
        for name in names {
            guard let (_, id, path) = TokenKeys.parseExpiry(name) else { continue }
            tokens.append((id, path.isEmpty ? try await self.path(of: id) : path))
        }
        return (tokens, names.count < limit ? nil : names.last)
    }

    private func path(of id: String) async throws(StorageError) -> String {
        do throws(StorageError) {
            return try await entry(id: id)?.path ?? ""
        } catch .corrupted {
            // One damaged record does not hide the others.
            return ""
        }
    }

    /// Removes a page of accessors that lead to no token: what a revocation leaves of a token whose record is damaged, for only
    /// that says which accessor is its. The last name of the page goes into the next call, and is nil at the end.
    package func tidyAccessors(after: String? = nil, limit: Int) async throws(StorageError) -> String? {
        let names = try await storage.list(Listing(prefix: TokenKeys.accessors, after: after, limit: limit))
        for name in names {
            let key = TokenKeys.accessors + name
            do throws(StorageError) {
                guard let record = try await storage.get(key), let id = Self.tokenID(ofAccessor: record),
                    try await storage.get(TokenKeys.entry(id)) == nil
                else { continue }
                var batch = Batch()
                batch.check(TokenKeys.entry(id), .absent)
                batch.delete(key, if: .version(record.version))
                _ = try await storage.commitIfUnchanged(batch)
            } catch .corrupted {
                // Either may be: then it is not known that the token is gone.
                continue
            }
        }
        return names.count < limit ? nil : names.last
    }
}
