import Glibc
import Synchronization

/// A bounded set of threads for work that takes long: neither an event loop nor one of the few threads on which all
/// concurrent tasks of the process run is held up by it.
///
/// Work of many steps takes turns with the other work that waits, so that one long request holds up no short one, and ends
/// between two steps when the request it is done for is given up.
package final class WorkThreads: Sendable {
    /// For operations of milliseconds, and many of them.
    package static let shared = WorkThreads(threadsMax: max(2, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 64)), queueMax: 1_024)
    /// For what takes seconds and cannot be interrupted, such as making an RSA key.
    package static let patient = WorkThreads(threadsMax: 2, queueMax: 64)

    /// The refusal of work when too much of it waits.
    package static let busy = CofferError(.rateLimited, "too much of this work waits to be done already; retry in a moment")

    private let threads: BoundedThreads

    /// Creates a pool of at most `threadsMax` threads before which at most `queueMax` jobs wait.
    package init(threadsMax: Int, queueMax: Int) { threads = BoundedThreads(threadsMax: threadsMax, queueMax: queueMax) }

    /// One step of work. Throws ``busy`` when too much waits.
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

    /// `count` steps, in order. Throws when the request was given up meanwhile, what `body` throws at once, and ``busy``
    /// when too much waits.
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
            // Better slowly here than never.
            job()
            return true
        }
    }
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
