import Dispatch

/// A thread of its own for the feed: heartbeats go out however busy the server's threads are.
final class FeedExecutor: TaskExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Time for the feed. `Task.sleep` is woken on the threads that all tasks share, and comes late while they compute.
enum FeedTime {
    private static let queue = DispatchQueue(label: "coffer.store.time", qos: .userInitiated)

    static func pause(milliseconds: Int) async {
        await withCheckedContinuation { continuation in
            queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { continuation.resume() }
        }
    }
}
