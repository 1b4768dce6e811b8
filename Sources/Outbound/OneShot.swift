import Synchronization

/// A value that is set once, by whichever task is first, and waited for once. Later values are ignored.
final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, Never>)
        case full(Value)
        case done
    }

    private let state = Mutex(State.empty)

    /// Sets the value, unless there is one already.
    func fulfill(_ value: Value) {
        let waiting: CheckedContinuation<Value, Never>? = state.withLock { state in
            switch state {
            case .empty:
                state = .full(value)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .full, .done: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    /// The value, as soon as it is set. May be read once.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let found: Value? = state.withLock { state in
                    if case .full(let value) = state {
                        state = .done
                        return value
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let found { continuation.resume(returning: found) }
            }
        }
    }
}
