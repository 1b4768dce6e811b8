import EngineKit
import LoginGuards
import Records
import Syntax

/// Counts how often the capability tokens of services were used, for each token of a service.
struct CapabilityUses: Sendable {
    let storage: any Storage
    let time: any TimeSource
    private let lines = WriterQueues()

    /// Counts a use. Returns false if no use is left.
    func spend(_ use: UseCounters.Use, service: String, handle: [UInt8]) async throws(StorageError) -> Bool {
        // Counters are stored under this name, so the digits must never change.
        let generation = handle.prefix(8).map { String($0, radix: 16) }.joined(separator: "-") + "/"  // text: no leading zeros
        let folder = "uses/\(service)/"
        let counters = UseCounters(storage: storage, folder: folder + generation, time: time)
        // Concurrent uses of one token are all counted.
        return try await lines.inTurn(folder + use.counter) { () throws(StorageError) in
            try await counters.spend(use) { (isNew, batch) throws(StorageError) in
                guard isNew else { return true }
                // When a service no longer has a token, the counters of that token are deleted.
                let known = Listing(prefix: folder, limit: 2 * UseCounters.countersMax, isRecursive: true)
                for old in try await storage.list(known) where !old.hasUTF8Prefix(generation) { batch.delete(folder + old) }
                return true
            }
        }
    }
}
