package import EngineKit
import Synchronization

/// A store whose commits are written at once and do not return until they are let go, as those of a store with many nodes
/// while another node has not heard of them.
package final class HeldStorage: Storage {
    private struct State {
        var isHolding = false
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let base: any Storage
    private let state = Mutex(State())

    package init(base: any Storage = MemoryStorage()) { self.base = base }

    /// How many commits are being held.
    package var heldCount: Int { state.withLock { $0.held.count } }

    /// Holds commits from now on.
    package func hold() { state.withLock { $0.isHolding = true } }

    /// Lets go of those that are held, and of all that come.
    package func letGo() {
        let held = state.withLock { state in
            defer { state = State() }
            return state.held
        }
        for commit in held { commit.resume() }
    }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    package func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    package func commit(_ batch: Batch) async throws(StorageError) {
        try await base.commit(batch)
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHolding { state.held.append(continuation) }
                return state.isHolding
            }
            if !isHeld { continuation.resume() }
        }
    }
}
