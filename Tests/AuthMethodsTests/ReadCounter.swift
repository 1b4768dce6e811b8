import EngineKit
import Synchronization

/// Counts reads, to compare the work of two requests.
final class ReadCounter: Storage {
    private let base: any Storage
    private let reads = Atomic<Int>(0)
    private let commits = Atomic<Int>(0)

    init(_ base: any Storage) { self.base = base }

    var count: Int { reads.load(ordering: .relaxed) }
    var commitCount: Int { commits.load(ordering: .relaxed) }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        reads.add(1, ordering: .relaxed)
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        commits.add(1, ordering: .relaxed)
        try await base.commit(batch)
    }
}
