import EngineKit
import StoreKit
import Synchronization

/// Holds one read or one commit after the store below has done it, until the test lets it go.
final class GatedStorage: Storage {
    private struct Gate {
        var isArmed = false
        var held: CheckedContinuation<Void, Never>?
        var watcher: CheckedContinuation<Void, Never>?
    }

    private let base = MemoryStorage()
    private let read = Mutex(Gate())
    private let write = Mutex(Gate())

    func holdNextRead() { read.withLock { $0.isArmed = true } }
    func holdNextCommitAfterwards() { write.withLock { $0.isArmed = true } }
    func readIsHeld() async { await Self.waitUntilHeld(read) }
    func commitIsHeld() async { await Self.waitUntilHeld(write) }
    func releaseRead() { read.withLock { $0.held.take() }?.resume() }
    func releaseCommit() { write.withLock { $0.held.take() }?.resume() }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        let record = try await base.get(key)
        await Self.pass(read)
        return record
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        try await base.commit(batch)
        await Self.pass(write)
    }

    private static func pass(_ gate: borrowing Mutex<Gate>) async {
        guard gate.withLock({ $0.isArmed }) else { return }
        await withCheckedContinuation { continuation in
            let watcher = gate.withLock { gate in
                gate.isArmed = false
                gate.held = continuation
                return gate.watcher.take()
            }
            watcher?.resume()
        }
    }

    private static func waitUntilHeld(_ gate: borrowing Mutex<Gate>) async {
        await withCheckedContinuation { continuation in
            let isHeld = gate.withLock { gate in
                if gate.held == nil { gate.watcher = continuation }
                return gate.held != nil
            }
            if isHeld { continuation.resume() }
        }
    }
}
