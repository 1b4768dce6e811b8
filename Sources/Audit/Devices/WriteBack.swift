import Dispatch
import Glibc
import Synchronization

/// Brings what was written to a file to its disk a few megabytes behind the writer, and lets its pages go.
///
/// An audit file is only ever added to. Left alone, it fills the page cache with what nobody reads, pushes out what
/// somebody does, and is written to the disk in bursts that hold up everything else; each of its bytes goes to memory
/// that was never touched before. So the pages are made to come round again. A disk that fails is noticed as well.
final class WriteBack: Sendable {
    /// Syncs the file; 0 or the error's number.
    typealias Sync = @Sendable (_ file: Int32, _ from: Int, _ bytes: Int) -> Int32

    static let roundBytes = 4 << 20

    private struct State {
        /// Where the next round begins.
        var start: Int
        var end: Int
        var isRunning = false
        var failure: Int32 = 0
    }

    private let file: Int32
    private let sync: Sync
    private let state: Mutex<State>
    private let thread = DispatchQueue(label: "coffer.audit.writeback", qos: .utility)

    /// For a file that ends at `end`. Nil when the system has no descriptor left: the file is written as well without.
    init?(of descriptor: Int32, end: Int, sync: @escaping Sync = WriteBack.toDisk) {
        file = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.sync = sync
        state = Mutex(State(start: end, end: end))
        if file < 0 { return nil }
    }

    deinit { if file >= 0 { close(file) } }

    /// Takes note of bytes at the end of the file. Gives the error that an earlier round ended with.
    func wrote(_ count: Int) -> Int32 {
        let (failure, isDue) = state.withLock { state in
            state.end += count
            guard !state.isRunning, state.end - state.start >= Self.roundBytes else { return (state.failure, false) }
            state.isRunning = true
            return (state.failure, true)
        }
        if isDue { thread.async { self.run() } }
        return failure
    }

    /// The last of the file goes to the disk too.
    func finish() { thread.async { self.round(atLeast: 1) } }

    /// Returns when what is under way is done.
    func wait() { thread.sync {} }

    private func run() {
        while round(atLeast: Self.roundBytes) {}
    }

    /// False when there was not enough to do.
    @discardableResult private func round(atLeast least: Int) -> Bool {
        let range: Range<Int>? = state.withLock { state in
            guard state.end - state.start >= least else {
                state.isRunning = false
                return nil
            }
            defer { state.start = state.end }
            return state.start..<state.end
        }
        guard let range else { return false }
        let failure = sync(file, range.lowerBound, range.count)
        if failure != 0 { state.withLock { $0.failure = failure } }
        return true
    }

    static func toDisk(_ file: Int32, _ from: Int, _ bytes: Int) -> Int32 {
        while fdatasync(file) != 0 {
            guard errno == EINTR else { return errno }
        }
        posix_fadvise(file, from, bytes, POSIX_FADV_DONTNEED)  // A favour to others; refused, nothing is lost.
        return 0
    }
}
