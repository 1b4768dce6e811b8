import Glibc

/// A bounded queue of jobs, and a bounded number of threads that run them. Threads are created as needed and are kept.
package final class BoundedThreads: @unchecked Sendable {  // `jobs` and the counts are touched only between lock and unlock.
    /// Work that may block its thread.
    package typealias Job = @Sendable () -> Void

    /// The result of adding a job.
    package enum Outcome: Sendable {
        case taken
        /// Too many jobs are waiting. The job is not run.
        case full
        /// The system provides no thread. The job is not run.
        case noThread
    }

    private let threadsMax: Int
    private let queueMax: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Job] = []
    private var threads = 0
    private var sleeping = 0

    /// Creates a pool of at most `threadsMax` threads, with at most `queueMax` waiting jobs.
    package init(threadsMax: Int, queueMax: Int) {
        self.threadsMax = threadsMax
        self.queueMax = queueMax
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        // The queue is released only if it never had a thread, because threads hold references to it.
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Adds a job.
    ///
    /// - Parameter isAdmitted: Whether this is a later step of work that was admitted. Such a step may exceed the limit of
    /// the queue.
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
        // A peer that closes its connection causes an error of the call, not a signal to the process.
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
