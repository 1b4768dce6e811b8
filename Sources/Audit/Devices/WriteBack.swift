import Dispatch
import Glibc
import Synchronization

/// Syncs a file to its disk a few megabytes behind the writer, and removes the synced pages from the page cache.
///
/// An audit file is only appended to. Without this it would fill the page cache with data that is not read again, evict data
/// that is, and be written to the disk in bursts that delay all other writes; each of its bytes would also go to newly
/// allocated memory. With it, the same pages are used again. It also detects a failing disk.
final class WriteBack: Sendable {
    /// Syncs a range of a file. Returns 0 or the error number.
    typealias Sync = @Sendable (_ file: Int32, _ from: Int, _ bytes: Int) -> Int32

    /// The bytes that are synced at once.
    static let roundBytes = 4 << 20

    private struct State {
        /// The end of what was synced.
        var start: Int
        /// The end of the file.
        var end: Int
        var isRunning = false
        var failure: Int32 = 0
    }

    private let file: Int32
    private let sync: Sync
    private let state: Mutex<State>
    private let thread = DispatchQueue(label: "coffer.audit.writeback", qos: .utility)

    /// Starts for a file that ends at `end`. Returns nil if the system has no descriptor left; the file can then be written
    /// without it.
    init?(of descriptor: Int32, end: Int, sync: @escaping Sync = WriteBack.toDisk) {
        file = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.sync = sync
        state = Mutex(State(start: end, end: end))
        if file < 0 { return nil }
    }

    deinit { if file >= 0 { close(file) } }

    /// Records that bytes were appended to the file. Returns the error number of an earlier round, or 0.
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

    /// Syncs the rest of the file.
    func finish() { thread.async { self.round(atLeast: 1) } }

    /// Waits until all rounds that were started have ended.
    func wait() { thread.sync {} }

    private func run() {
        while round(atLeast: Self.roundBytes) {}
    }

    /// Syncs what was written since the last round. Returns false if that is less than `least` bytes.
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

    /// Syncs a file and removes a range of it from the page cache.
    static func toDisk(_ file: Int32, from: Int, byteCount: Int) -> Int32 {
        while fdatasync(file) != 0 {
            guard errno == EINTR else { return errno }
        }
        posix_fadvise(file, from, byteCount, POSIX_FADV_DONTNEED)  // Only advice, so a failure does not matter.
        return 0
    }
}
