package import EngineKit

/// Tokens in the order of their ends, found by the keys of the index alone, for `sys/leases/`.
extension TokenStore {
    /// Returns a page of tokens in the order of their ends. Pass `last` to the next call; it is nil at the end.
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

    /// Removes the accessors of a page that lead to no token. They remain when a token with a damaged record is revoked,
    /// because only the record contains the accessor.
    ///
    /// - Returns: The last name of the page, for the next call, or nil at the end.
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
                // It is not known whether the token exists, so the accessor is kept.
                continue
            }
        }
        return names.count < limit ? nil : names.last
    }
}
