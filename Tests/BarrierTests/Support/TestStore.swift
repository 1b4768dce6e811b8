import EngineKit
import Synchronization

/// A bare store in memory that can fail at a commit, and lets a test put another writer's commit before one.
final class TestStore: Storage {
    private struct State {
        var records: [String: StoredRecord] = [:]
        var commits = 0
        var failAt: Int?
        var writesBeforeFailing = false
        var before: (@Sendable (Batch) -> Void)?
    }

    private let state = Mutex(State())

    var records: [String: StoredRecord] {
        get { state.withLock { $0.records } }
        set { state.withLock { $0.records = newValue } }
    }

    /// Commits that were tried since the last ``failAt``.
    var commits: Int { state.withLock { $0.commits } }

    /// The commit with this number, counted from now on from 1, and all after it throw.
    func fail(at number: Int?, afterWriting: Bool = false) {
        state.withLock { state in
            state.commits = 0
            state.failAt = number
            state.writesBeforeFailing = afterWriting
        }
    }

    /// Called once, before the next commit.
    func beforeNextCommit(_ body: @escaping @Sendable (Batch) -> Void) { state.withLock { $0.before = body } }

    subscript(key: String) -> StoredRecord? {
        get { records[key] }
        set { records[key] = newValue }
    }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { self[key] }

    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        var names: Set<String> = []
        for key in records.keys where key.hasPrefix(listing.prefix) {
            let name = String(key.dropFirst(listing.prefix.count))
            if !listing.isRecursive, let slash = name.firstIndex(of: "/") {
                names.insert(String(name[...slash]))
            } else {
                names.insert(name)
            }
        }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let rest = sorted.filter { name in listing.after.map { $0.utf8.lexicographicallyPrecedes(name.utf8) } ?? true }
        return Array(rest.prefix(listing.limit))
    }

    func commit(_ batch: Batch) async throws(StorageError) {
        let before = state.withLock { $0.before.take() }
        before?(batch)
        let outcome: Result<Void, StorageError> = state.withLock { state in
            state.commits += 1
            let fails = state.failAt.map { state.commits >= $0 } ?? false
            if fails && !state.writesBeforeFailing { return .failure(.unavailable("the disk is gone")) }
            if let key = Self.conflict(batch, state.records) { return .failure(.conflict(key: key)) }
            for mutation in batch.mutations { Self.apply(mutation, to: &state.records) }
            return fails ? .failure(.unavailable("the disk is gone")) : .success(())
        }
        try outcome.get()
    }

    private static func conflict(_ batch: Batch, _ records: [String: StoredRecord]) -> String? {
        batch.mutations.first { mutation in
            switch mutation.precondition {
            case .none: false
            case .absent: records[mutation.key] != nil
            case .version(let version): records[mutation.key]?.version != version
            }
        }?.key
    }

    private static func apply(_ mutation: Batch.Mutation, to records: inout [String: StoredRecord]) {
        switch mutation.change {
        case .put(let value, let version): records[mutation.key] = StoredRecord(value: value, version: version)
        case .delete: records[mutation.key] = nil
        case .check: break
        }
    }
}
