import Synchronization

/// Lets so many in at once; the others wait in order, and too many are turned away.
package final class Gate: Sendable {
    private struct State {
        var inside = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())
    private let widthMax: Int
    private let waitingMax: Int

    package init(widthMax: Int, waitingMax: Int) {
        self.widthMax = widthMax
        self.waitingMax = waitingMax
    }

    package func enter() async throws(DatabaseError) {
        let isTurnedAway = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let answer: Bool? = state.withLock { state in
                if state.inside < widthMax {
                    state.inside += 1
                    return false
                }
                guard state.waiting.count < waitingMax else { return true }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
        if isTurnedAway { throw .busy }
    }

    package func leave() {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.inside -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: false)
    }
}
