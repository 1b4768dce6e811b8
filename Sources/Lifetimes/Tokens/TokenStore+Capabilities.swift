package import Capabilities
package import EngineKit
package import LoginGuards
import Records

/// Tokens that holders of tokens made by themselves; see ``CapabilityToken``.
extension TokenStore {
    /// The parent's entry, found by the handle in the token, when the parent is valid, may be narrowed, and its holder made
    /// the token.
    package func parent(of token: CapabilityToken) async throws(StorageError) -> LiveToken? {
        guard let parent = try await find(id: id(ofHandle: token.handle)), parent.entry.isValid(at: time.now()),
            parent.entry.mayBeNarrowed, token.isSigned(by: parent.entry.capabilityKey), try await descends(parent)
        else { return nil }
        return parent
    }

    /// Counts one use of a capability; false when none is left. Counters lie with the parent and go with it.
    package func spend(_ use: UseCounters.Use, of entry: TokenEntry) async throws(StorageError) -> Bool {
        let counters = UseCounters(storage: storage, folder: TokenKeys.capabilityUses(of: entry.id), time: time)
        return try await lines.inTurn(entry.id + "/" + use.counter) { () throws(StorageError) in
            try await counters.spend(use) { (_, batch) throws(StorageError) in
                guard let parent = try await storage.get(TokenKeys.entry(entry.id)) else { return false }
                // A revocation deletes this record: then nothing is left behind it.
                batch.check(TokenKeys.entry(entry.id), .version(parent.version))
                return true
            }
        }
    }
}
