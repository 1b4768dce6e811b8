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
            tokens.append((id, path.isEmpty ? try await entry(id: id)?.path ?? "" : path))
        }
        return (tokens, names.count < limit ? nil : names.last)
    }
}
