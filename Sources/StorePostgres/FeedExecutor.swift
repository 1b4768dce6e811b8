import Dispatch
import Synchronization

/// A separate thread for the feed, so that heartbeats are sent however busy the server's threads
/// are.
final class FeedExecutor: TaskExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Waiting for the feed. `Task.sleep` resumes on the threads that all tasks share, and is late
/// while they are busy.
enum FeedTime {
    fileprivate static let queue = DispatchQueue(label: "coffer.store.time", qos: .userInitiated)

    /// Waits for the given time. Returns earlier if the task is canceled.
    static func pause(milliseconds: Int) async {
        let pause = OnePause()
        await withTaskCancellationHandler {
            await withCheckedContinuation { pause.begin($0, milliseconds: milliseconds) }
        } onCancel: {
            pause.end()
        }
    }
}

/// A wait that its timer or the cancellation of its task ends, whichever comes first.
private final class OnePause: Sendable {
    private enum State {
        case new
        case begun(CheckedContinuation<Void, Never>, any DispatchSourceTimer)
        case over
    }

    private let state = Mutex(State.new)

    func begin(_ continuation: CheckedContinuation<Void, Never>, milliseconds: Int) {
        let isBegun = state.withLock { state in
            guard case .new = state else { return false }
            let timer = DispatchSource.makeTimerSource(queue: FeedTime.queue)
            timer.schedule(deadline: .now() + .milliseconds(milliseconds))
            timer.setEventHandler { self.end() }
            timer.activate()
            state = .begun(continuation, timer)
            return true
        }
        if !isBegun { continuation.resume() }
    }

    func end() {
        state.withLock { state in
            if case .begun(let continuation, let timer) = state {
                timer.cancel()
                continuation.resume()
            }
            state = .over
        }
    }
}
