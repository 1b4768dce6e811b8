import EngineKit

/// What is put in to see whether the checks notice it.
enum PlantedFault: CaseIterable {
    /// Nobody looks for what a node left half-done in the present term.
    case noLooks
    /// A revocation leaves no mark of its own.
    case noMarks
    /// Taking a mount away leaves no note.
    case noNotes
    /// What a failover has lost counts as passed: as many commits as were lost are answered without waiting for other nodes.
    case noWaits

    /// Records whose writing is lost.
    var lostPrefix: String? {
        switch self {
        case .noLooks, .noWaits: nil
        case .noMarks: "sys/token/revoking/"
        case .noNotes: "sys/unmounting/"
        }
    }
}

/// Loses what is written below a prefix.
struct LosingStorage: Storage {
    let base: any Storage
    let prefix: String

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        var left = Batch()
        for mutation in batch.mutations where !mutation.key.utf8.starts(with: prefix.utf8) { left.append(mutation) }
        if !left.isEmpty { try await base.commit(left) }
    }
}
