import EngineKit
import Synchronization

/// The last moves of mounts, for clients that ask how theirs went. A move is done before its answer leaves.
final class MountMoves: Sendable {
    struct Move: Sendable {
        var id: String
        var from: String
        var to: String
    }

    private static let keptMax = 100
    private let moves = Mutex<[Move]>([])

    func record(from: String, to: String, randomness: any Randomness) -> Move {
        let move = Move(id: randomness.uuid(), from: from, to: to)
        moves.withLock { moves in
            if moves.count >= Self.keptMax { moves.removeFirst() }
            moves.append(move)
        }
        return move
    }

    func find(_ id: String) -> Move? { moves.withLock { $0.first { $0.id == id } } }
}
