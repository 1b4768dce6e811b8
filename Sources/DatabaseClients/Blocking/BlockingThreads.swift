import Glibc
import Synchronization

/// A bounded set of threads for calls that block, so that no database keeps a thread of the server's own waiting.
package final class BlockingThreads: Sendable {
    /// For every database of the process.
    package static let shared = BlockingThreads(threadsMax: 32, queueMax: 1_024)

    private let queue: JobQueue
    private let threadsMax: Int
    private let queueMax: Int

    package init(threadsMax: Int, queueMax: Int) {
        queue = JobQueue()
        self.threadsMax = threadsMax
        self.queueMax = queueMax
    }

    /// Runs `body` on one of the threads. Throws `busy` when too many wait.
    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws(DatabaseError) -> Success
    ) async throws(DatabaseError) -> Success {
        let result: Result<Success, DatabaseError> = await withCheckedContinuation { continuation in
            let isTaken = queue.add(threadsMax: threadsMax, queueMax: queueMax) {
                do throws(DatabaseError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !isTaken { continuation.resume(returning: .failure(.busy)) }
        }
        return try result.get()
    }
}

/// Jobs, and threads that sleep until there are some. Threads are made as they are needed and stay.
private final class JobQueue: @unchecked Sendable {  // `jobs` and the counts are touched only between lock and unlock.
    typealias Job = @Sendable () -> Void

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Job] = []
    private var threads = 0
    private var sleeping = 0

    init() {
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

    /// False, and nothing happens, when the queue is full or no thread can be made.
    func add(threadsMax: Int, queueMax: Int, _ job: @escaping Job) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard jobs.count < queueMax else { return false }
        if sleeping <= jobs.count, threads < threadsMax, startThread() { threads += 1 }
        guard threads > 0 else { return false }
        jobs.append(job)
        pthread_cond_signal(condition)
        return true
    }

    private func startThread() -> Bool {
        var thread = pthread_t()
        let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument else { return nil }
            Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().work()
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
        // A server that goes away is an error of the call, not a signal to the process.
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
