package import Capabilities
package import EngineKit
package import LoginGuards
import Records

/// Capability tokens, which holders of tokens derive from them; see ``CapabilityToken``.
extension TokenStore {
    /// Returns the parent of a capability token, found by its handle. Returns nil unless the parent is valid, capability
    /// tokens can be derived from it, and its holder derived this one.
    package func parent(of token: CapabilityToken) async throws(StorageError) -> LiveToken? {
        guard let parent = try await find(id: id(ofHandle: token.handle)), parent.entry.isValid(at: time.now()),
            parent.entry.mayBeNarrowed, token.isSigned(by: parent.entry.capabilityKey), try await descends(parent)
        else { return nil }
        return parent
    }

    /// Counts a use of a capability token. Returns false if none is left. The counters are stored with the parent and
    /// deleted with it.
    package func spend(_ use: UseCounters.Use, of entry: TokenEntry) async throws(StorageError) -> Bool {
        let counters = UseCounters(storage: storage, folder: TokenKeys.capabilityUses(of: entry.id), time: time)
        return try await lines.inTurn(entry.id + "/" + use.counter) { () throws(StorageError) in
            try await counters.spend(use) { (_, batch) throws(StorageError) in
                guard let parent = try await storage.get(TokenKeys.entry(entry.id)) else { return false }
                // A revocation deletes this record, so a counter cannot be written after it.
                batch.check(TokenKeys.entry(entry.id), .version(parent.version))
                return true
            }
        }
    }
}
