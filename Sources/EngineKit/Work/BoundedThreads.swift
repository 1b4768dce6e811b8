import Glibc

/// Jobs in a bounded queue, and a bounded set of threads that sleep until there are some. Threads are made as they are needed
/// and stay.
package final class BoundedThreads: @unchecked Sendable {  // `jobs` and the counts are touched only between lock and unlock.
    /// Work that may block its thread.
    package typealias Job = @Sendable () -> Void

    /// What became of a job that was added.
    package enum Outcome: Sendable {
        case taken
        /// Too many wait. Nothing happens.
        case full
        /// The system gives no thread at all. Nothing happens.
        case noThread
    }

    private let threadsMax: Int
    private let queueMax: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Job] = []
    private var threads = 0
    private var sleeping = 0

    /// Creates a pool of at most `threadsMax` threads before which at most `queueMax` jobs wait.
    package init(threadsMax: Int, queueMax: Int) {
        self.threadsMax = threadsMax
        self.queueMax = queueMax
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        // Only a queue that never had a thread comes to its end: threads hold on to it.
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// - Parameter isAdmitted: Whether this is a later step of work that was admitted. Such a step may exceed the queue's bound.
    package func add(isAdmitted: Bool = false, _ job: @escaping Job) -> Outcome {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard isAdmitted || jobs.count < queueMax else { return .full }
        if sleeping <= jobs.count, threads < threadsMax, startThread() { threads += 1 }
        guard threads > 0 else { return .noThread }
        jobs.append(job)
        pthread_cond_signal(condition)
        return .taken
    }

    private func startThread() -> Bool {
        var thread = pthread_t()
        let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument else { return nil }
            Unmanaged<BoundedThreads>.fromOpaque(argument).takeRetainedValue().work()
            return nil
        }
        let held = Unmanaged.passRetained(self)
        guard pthread_create(&thread, nil, start, held.toOpaque()) == 0 else {
            held.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func work() {
        // A peer that goes away is an error of the call, not a signal to the process.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty {
                sleeping += 1
                pthread_cond_wait(condition, mutex)
                sleeping -= 1
            }
            let job = jobs.removeFirst()
            pthread_mutex_unlock(mutex)
            job()
        }
    }
}
