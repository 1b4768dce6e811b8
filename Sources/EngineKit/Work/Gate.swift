import Synchronization

/// Limits how many callers run at the same time. A limited number of others wait in order, and the rest are refused.
package final class Gate: Sendable {
    private struct State {
        var inside = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())
    private let widthMax: Int
    private let waitingMax: Int

    /// Creates a gate for `widthMax` callers at once, with at most `waitingMax` others waiting.
    package init(widthMax: Int, waitingMax: Int) {
        self.widthMax = widthMax
        self.waitingMax = waitingMax
    }

    /// Waits for a place. Returns false at once if too many wait already.
    package func enter() async -> Bool {
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
        return !isTurnedAway
    }

    /// Gives the place to the first waiting caller.
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
