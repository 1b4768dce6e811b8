import Glibc
import Synchronization

/// A bounded set of threads for work that takes long: neither an event loop nor one of the few threads on which all
/// concurrent tasks of the process run is held up by it.
///
/// Work of many steps takes turns with the other work that waits, so that one long request holds up no short one, and ends
/// between two steps when the request it is done for is given up.
package final class WorkThreads: Sendable {
    /// For operations of milliseconds, and many of them.
    package static let shared = WorkThreads(threadsMax: max(2, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 64)))
    /// For what takes seconds and cannot be interrupted, such as making an RSA key.
    package static let patient = WorkThreads(threadsMax: 2)

    private let queue = WorkQueue()
    private let threadsMax: Int

    package init(threadsMax: Int) { self.threadsMax = threadsMax }

    /// One step of work.
    package func run<Success: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
            queue.add(threadsMax: threadsMax) {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// `count` steps, in order. Throws when the request was given up meanwhile, and what `body` throws at once.
    package func map<Element: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws(CofferError) -> Element
    ) async throws(CofferError) -> [Element] {
        let work = SteppedWork(count: count, body: body)
        let result: Result<[Element], CofferError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in work.begin(on: self, continuation) }
        } onCancel: {
            work.cancel()
        }
        return try result.get()
    }

    fileprivate func add(_ job: @escaping @Sendable () -> Void) { queue.add(threadsMax: threadsMax, job) }
}

/// Steps that are done a few at a time. Only one thread has it at any moment: whoever took its next turn from the queue.
private final class SteppedWork<Element: Sendable>: Sendable {
    private let count: Int
    private let body: @Sendable (Int) throws(CofferError) -> Element
    private let isCancelled = Atomic(false)
    private let done: Mutex<[Element]>

    /// Long against the cost of a turn, short against what a waiting request notices.
    private static var turnMilliseconds: Int { 10 }

    init(count: Int, body: @escaping @Sendable (Int) throws(CofferError) -> Element) {
        self.count = count
        self.body = body
        done = Mutex([])
    }

    func cancel() { isCancelled.store(true, ordering: .releasing) }

    func begin(on threads: WorkThreads, _ continuation: CheckedContinuation<Result<[Element], CofferError>, Never>) {
        threads.add { [self] in
            do throws(CofferError) {
                if let all = try turn() { continuation.resume(returning: .success(all)) } else { begin(on: threads, continuation) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }

    /// nil when another turn is needed.
    private func turn() throws(CofferError) -> [Element]? {
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(Self.turnMilliseconds)
        var elements = done.withLock { elements in
            defer { elements = [] }
            return elements
        }
        while elements.count < count {
            guard !isCancelled.load(ordering: .acquiring) else { throw GivenUpRequest.error }
            elements.append(try body(elements.count))
            if clock.now >= end { break }
        }
        guard elements.count < count else { return elements }
        done.withLock { [elements] in $0 = elements }
        return nil
    }
}

/// Jobs, and threads that sleep until there are some. Threads are made as they are needed and stay.
private final class WorkQueue: @unchecked Sendable {  // `jobs` and the counts are touched only between lock and unlock.
    typealias Job = @Sendable () -> Void

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Every job is a request that waits, of which the shell admits a bounded number.
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

    func add(threadsMax: Int, _ job: @escaping Job) {
        pthread_mutex_lock(mutex)
        if sleeping <= jobs.count, threads < threadsMax, startThread() { threads += 1 }
        guard threads > 0 else {
            pthread_mutex_unlock(mutex)
            // The system gives no thread at all: better slowly here than never.
            return job()
        }
        jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func startThread() -> Bool {
        var thread = pthread_t()
        let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument else { return nil }
            Unmanaged<WorkQueue>.fromOpaque(argument).takeRetainedValue().work()
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
