package import EngineKit
import Synchronization

/// Fails chosen commits, to show what a half-finished change leaves behind.
package final class FailingStorage: Storage {
    package enum Moment: Sendable, Hashable {
        /// Nothing was written.
        case before
        /// It was written, but the caller is told that it may not have been.
        case after
    }

    private struct State {
        var commits = 0
        var failures: [Int: Moment] = [:]
        var failsAllFrom: Int?
        var failsReads = false
        var failsReadsAfter: Int?
    }

    private let base: any Storage
    private let state = Mutex(State())

    package init(_ base: any Storage) { self.base = base }

    /// How many commits were asked for.
    package var commitCount: Int { state.withLock { $0.commits } }

    /// Fails the `number`th commit from now; 1 is the next.
    package func failCommit(_ number: Int, _ moment: Moment = .before) {
        state.withLock { $0.failures[$0.commits + number] = moment }
    }

    /// Fails the `number`th commit from now and all that follow, as after a crash, until ``heal()``.
    package func failCommits(from number: Int) {
        state.withLock { $0.failsAllFrom = $0.commits + number }
    }

    package func failReads() {
        state.withLock { $0.failsReads = true }
    }

    /// Fails all reads after the `number`th commit from now, until ``heal()``.
    package func failReads(afterCommit number: Int) {
        state.withLock { $0.failsReadsAfter = $0.commits + number }
    }

    package func heal() {
        state.withLock { $0 = State(commits: $0.commits) }
    }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try checkReads()
        return try await base.get(key)
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try checkReads()
        return try await base.list(listing)
    }

    package func commit(_ batch: Batch) async throws(StorageError) {
        let moment = state.withLock { state -> Moment? in
            state.commits += 1
            if let first = state.failsAllFrom, state.commits >= first { return .before }
            return state.failures.removeValue(forKey: state.commits)
        }
        if moment == .before { throw .unavailable("injected failure") }
        try await base.commit(batch)
        state.withLock { if $0.failsReadsAfter == $0.commits { $0.failsReads = true } }
        if moment == .after { throw .unavailable("injected failure") }
    }

    private func checkReads() throws(StorageError) {
        if state.withLock({ $0.failsReads }) { throw .unavailable("injected failure") }
    }
}
