import Glibc
import Synchronization

/// A bounded number of threads for work that takes long, so that it blocks neither an event loop nor the few threads that
/// run all concurrent tasks of the process.
///
/// Work of many steps takes turns with other waiting work, so that a long request does not delay short ones. It ends
/// between two steps if its request is abandoned.
package final class WorkThreads: Sendable {
    /// For many operations that take milliseconds.
    package static let shared = WorkThreads(threadsMax: max(2, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 64)), queueMax: 1_024)
    /// For operations that take seconds and cannot be interrupted, such as generating an RSA key.
    package static let patient = WorkThreads(threadsMax: 2, queueMax: 64)

    /// The refusal of work when too much is waiting.
    package static let busy = CofferError(.rateLimited, "too much work of this kind is waiting already; retry in a moment")

    private let threads: BoundedThreads

    /// Creates a pool of at most `threadsMax` threads, with at most `queueMax` waiting jobs.
    package init(threadsMax: Int, queueMax: Int) { threads = BoundedThreads(threadsMax: threadsMax, queueMax: queueMax) }

    /// Runs one step of work. Throws ``busy`` if too much work is waiting.
    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws(CofferError) -> Success
    ) async throws(CofferError) -> Success {
        let result: Result<Success, CofferError> = await withCheckedContinuation { continuation in
            let isTaken = add {
                do throws(CofferError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !isTaken { continuation.resume(returning: .failure(Self.busy)) }
        }
        return try result.get()
    }

    /// Runs `count` steps in order. Throws if the request was abandoned meanwhile, if `body` throws, or ``busy`` if too
    /// much work is waiting.
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

    fileprivate func add(isAdmitted: Bool = false, _ job: @escaping @Sendable () -> Void) -> Bool {
        switch threads.add(isAdmitted: isAdmitted, job) {
        case .taken: return true
        case .full: return false
        case .noThread:
            // Running slowly on this thread is better than not at all.
            job()
            return true
        }
    }
}

/// Steps that are run a few at a time. Only one thread uses the object at any time: the one that took its turn from the
/// queue.
private final class SteppedWork<Element: Sendable>: Sendable {
    private let count: Int
    private let body: @Sendable (Int) throws(CofferError) -> Element
    private let isCancelled = Atomic(false)
    private let done: Mutex<[Element]>

    /// The length of a turn, in milliseconds: much longer than switching costs, and too short for a waiting request to
    /// notice.
    private static var turnMilliseconds: Int { 10 }

    init(count: Int, body: @escaping @Sendable (Int) throws(CofferError) -> Element) {
        self.count = count
        self.body = body
        done = Mutex([])
    }

    func cancel() { isCancelled.store(true, ordering: .releasing) }

    func begin(on threads: WorkThreads, _ continuation: CheckedContinuation<Result<[Element], CofferError>, Never>) {
        if !threads.add({ [self] in step(on: threads, continuation) }) {
            continuation.resume(returning: .failure(WorkThreads.busy))
        }
    }

    private func step(on threads: WorkThreads, _ continuation: CheckedContinuation<Result<[Element], CofferError>, Never>) {
        do throws(CofferError) {
            if let all = try turn() { return continuation.resume(returning: .success(all)) }
            _ = threads.add(isAdmitted: true) { [self] in step(on: threads, continuation) }
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }

    /// Runs the steps of one turn. Returns nil if another turn is needed.
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
