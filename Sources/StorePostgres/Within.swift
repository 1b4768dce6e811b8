import Synchronization

/// Waits for a time. Injected, like ``TimeSource``, so that a simulation controls time.
typealias Pause = @Sendable (_ milliseconds: Int) async -> Void

/// Returns the result of the work, or nil if it takes longer than the given time. The work then
/// continues, and its result is ignored.
func within<Success: Sendable>(
    milliseconds: Int, _ pause: @escaping Pause, on executor: (any TaskExecutor)?, _ work: @escaping @Sendable () async -> Success
) async -> Success? {
    let answer = FirstAnswer<Success?>()
    return await withCheckedContinuation { continuation in
        answer.wait(continuation)
        let limit = Task(executorPreference: executor) {
            await pause(milliseconds)
            answer.give(nil)
        }
        Task(executorPreference: executor) {
            answer.give(await work())
            limit.cancel()
        }
    }
}

/// Takes the first of several answers and ignores the others.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private let continuation = Mutex<CheckedContinuation<Value, Never>?>(nil)

    func wait(_ waiting: CheckedContinuation<Value, Never>) { continuation.withLock { $0 = waiting } }

    func give(_ value: Value) { continuation.withLock { $0.take() }?.resume(returning: value) }
}
