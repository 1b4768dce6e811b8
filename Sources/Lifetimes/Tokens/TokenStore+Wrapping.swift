package import EngineKit
import Records

/// Wrapping tokens, each of which is created with a response in its cubbyhole and can be used once. Every step is one
/// batch, so that exactly one of several simultaneous unwraps gets the response.
extension TokenStore {
    /// The only policy of wrapping tokens.
    package static let wrappingPolicy = "response-wrapping"
    private static let wrappedName = "response"

    /// Creates a wrapping token with its response.
    ///
    /// - Parameters:
    ///   - path: The path of the request whose response is wrapped.
    ///   - ttl: The lifetime in seconds, above 0.
    ///   - end: The latest end of the token.
    package func makeWrapping(
        path: String, ttl: Int, until end: Timestamp? = nil, content: [UInt8]
    ) async throws(StorageError) -> (token: String, entry: TokenEntry) {
        var batch = Batch()
        let made = prepareWrapping(path: path, ttl: ttl, until: end, content: content, into: &batch)
        try await storage.commit(batch)
        invalidate([made.entry.id])
        return made
    }

    /// Returns the wrapping token with this id, or nil if it was used or does not exist. Does not use it.
    package func wrapping(id: String) async throws(StorageError) -> TokenEntry? {
        guard let entry = try await entry(id: id), entry.isWrapping, entry.isValid(at: time.now()) else { return nil }
        return entry
    }

    /// Returns the response of a wrapping token and deletes both. Returns nil if it was taken, has expired or never
    /// existed.
    package func takeWrapped(id: String) async throws(StorageError) -> [UInt8]? {
        try await exchangeWrapped(id) { _, _, _ in }?.content
    }

    /// Moves the response to a new wrapping token with the same lifetime, or until `end`, and deletes the old one.
    package func rewrap(
        id: String, until end: Timestamp? = nil
    ) async throws(StorageError) -> (content: [UInt8], token: String, entry: TokenEntry)? {
        var made: (token: String, entry: TokenEntry)?
        let taken = try await exchangeWrapped(id) { old, content, batch in
            made = prepareWrapping(path: old.path, ttl: old.creationTTL, until: end, content: content, into: &batch)
        }
        guard let taken, let made else { return nil }
        invalidate([made.entry.id])
        return (taken.content, made.token, made.entry)
    }

    /// Destroys a response that nobody may get. Does nothing if it does not exist.
    package func destroyWrapping(id: String) async throws(StorageError) {
        guard try await wrapping(id: id) != nil else { return }
        _ = try await takeWrapped(id: id)
    }

    private func exchangeWrapped(
        _ id: String, adding more: (TokenEntry, [UInt8], inout Batch) -> Void
    ) async throws(StorageError) -> (entry: TokenEntry, content: [UInt8])? {
        defer { invalidate([id]) }
        return try await storage.transact { batch throws(StorageError) -> (entry: TokenEntry, content: [UInt8])? in
            guard let (entry, version) = try await read(id), entry.isWrapping, entry.isValid(at: time.now()) else { return nil }
            let key = TokenKeys.cubbyhole(of: id) + Self.wrappedName
            guard let content = try await storage.get(key) else { return nil }
            batch.delete(TokenKeys.entry(id), if: .version(version))
            batch.delete(key, if: .version(content.version))
            batch.delete(accessorKey(entry.accessor))
            if let expiry = TokenKeys.expiry(entry) { batch.delete(expiry) }
            more(entry, content.value, &batch)
            return (entry, content.value)
        }
    }

    private func prepareWrapping(
        path: String, ttl: Int, until end: Timestamp?, content: [UInt8], into batch: inout Batch
    ) -> (token: String, entry: TokenEntry) {
        let now = time.now()
        let ttl = min(ttl, end.map { max(1, $0.secondsRoundedUp(since: now)) } ?? ttl)
        let expiresAt = now.adding(seconds: ttl)
        let made = prepare(displayName: "", policies: [Self.wrappingPolicy], path: path, into: &batch) { entry in
            entry.creationTTL = ttl
            entry.explicitMaxTTL = ttl
            entry.maxTTL = ttl
            entry.expiresAt = end.map { min($0, expiresAt) } ?? expiresAt
            // Capability tokens cannot be derived from a wrapping token, because they could read the response without using
            // it up.
            entry.capabilityKey = []
        }
        batch.put(TokenKeys.cubbyhole(of: made.entry.id) + Self.wrappedName, content, if: .absent)
        return made
    }
}

extension TokenEntry {
    /// Whether response wrapping made the token. No other token can have its policy.
    package var isWrapping: Bool { policies == [TokenStore.wrappingPolicy] }
}
