import Synchronization

/// Lets time pass. Injected beside ``TimeSource``, so that a simulation decides how.
typealias Pause = @Sendable (_ milliseconds: Int) async -> Void

/// What the work brings, or nil when that takes longer; the work then goes on unobserved.
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

/// The first of several answers counts.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private let continuation = Mutex<CheckedContinuation<Value, Never>?>(nil)

    func wait(_ waiting: CheckedContinuation<Value, Never>) { continuation.withLock { $0 = waiting } }

    func give(_ value: Value) { continuation.withLock { $0.take() }?.resume(returning: value) }
}
