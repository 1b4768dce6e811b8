package import Capabilities
package import EngineKit

/// Tokens that holders of tokens made by themselves; see ``CapabilityToken``.
extension TokenStore {
    private static let countersMax = 1_000
    private static let attemptsMax = 64

    /// The parent's entry, found by the handle in the token, when the parent is valid and its holder made the token.
    package func parent(of token: CapabilityToken) async throws(StorageError) -> LiveToken? {
        guard let parent = try await find(id: id(ofHandle: token.handle)), parent.entry.isValid(at: time.now()),
            !parent.entry.capabilityKey.isEmpty, token.isSigned(by: parent.entry.capabilityKey)
        else { return nil }
        return parent
    }

    /// Counts one use of a capability; false when none is left. Counters lie with the parent and go with it.
    package func spendUse(counter: String, of entry: TokenEntry, limit: Int) async throws(StorageError) -> Bool {
        let key = TokenKeys.capabilityUses(of: entry.id) + counter
        for _ in 0..<Self.attemptsMax {
            guard let parent = try await storage.get(TokenKeys.entry(entry.id)) else { return false }
            let record = try await storage.get(key)
            let used = record.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
            guard used < limit else { return false }
            if record == nil {
                let counters = Listing(prefix: TokenKeys.capabilityUses(of: entry.id), limit: Self.countersMax)
                guard try await storage.list(counters).count < Self.countersMax else { return false }
            }
            var batch = Batch()
            batch.check(TokenKeys.entry(entry.id), .version(parent.version))
            batch.put(key, Array(String(used + 1).utf8), if: .init(unchanged: record))
            if try await storage.commitIfUnchanged(batch) { return true }
        }
        throw .unavailable("too many uses of one token at once; retry")
    }
}
