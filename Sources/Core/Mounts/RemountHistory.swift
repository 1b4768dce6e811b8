import EngineKit
import Synchronization

/// The latest moves of mounts, for clients that poll the status of theirs. A move is complete before its request is answered.
final class RemountHistory: Sendable {
    /// A completed move of a mount, with the full paths.
    struct Remount: Sendable {
        var id: String
        var from: String
        var to: String
    }

    private static let keptMax = 100
    private let remounts = Mutex<[Remount]>([])

    /// Records a move and returns it with a new id. Only the latest 100 are kept.
    func record(from: String, to: String, randomness: any Randomness) -> Remount {
        let remount = Remount(id: randomness.uuid(), from: from, to: to)
        remounts.withLock { remounts in
            if remounts.count >= Self.keptMax { remounts.removeFirst() }
            remounts.append(remount)
        }
        return remount
    }

    /// Returns the move with this id, or nil if it is unknown.
    func find(_ id: String) -> Remount? { remounts.withLock { $0.first { $0.id == id } } }
}
