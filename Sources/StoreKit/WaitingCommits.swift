import EngineKit

/// The commits that wait for a store's one writer. While one group is being written, the next gathers.
///
/// Bounded: beyond it a commit is refused at once. A store keeps this in a lock and brings the thread that writes.
package struct WaitingCommits<Request: Sendable, Verdict: Sendable>: Sendable {
    /// One commit and the caller that waits for its outcome.
    package struct Commit: Sendable {
        /// What is to be written.
        package let request: Request
        let bytes: Int
        /// Resumed with the outcome.
        package let answer: CheckedContinuation<Verdict, Never>

        /// Creates a waiting commit whose keys and values have `bytes` together.
        package init(_ request: Request, bytes: Int, answer: CheckedContinuation<Verdict, Never>) {
            self.request = request
            self.bytes = bytes
            self.answer = answer
        }
    }

    /// `first` has to start the writer; `closed` and `full` were not taken.
    package enum Addition { case first, joined, closed, full }

    private static var waitingMax: Int { 8_192 }
    private static var waitingBytesMax: Int { 128 << 20 }
    private static var groupMax: Int { 512 }
    private static var groupBytesMax: Int { 8 << 20 }

    private var waiting: [Commit] = []
    private var bytes = 0
    private var isWriting = false
    private var isClosed = false

    /// Creates an empty queue.
    package init() {}

    /// Adds a commit to those that wait, and returns what became of it.
    package mutating func add(_ commit: Commit) -> Addition {
        guard !isClosed else { return .closed }
        guard waiting.count < Self.waitingMax, bytes + commit.bytes <= Self.waitingBytesMax else { return .full }
        waiting.append(commit)
        bytes += commit.bytes
        defer { isWriting = true }
        return isWriting ? .joined : .first
    }

    /// What the writer takes next. Once it is empty, the writer ends.
    package mutating func nextGroup() -> [Commit] {
        var count = 0
        var taken = 0
        for commit in waiting {
            guard count == 0 || count < Self.groupMax && taken + commit.bytes <= Self.groupBytesMax else { break }
            count += 1
            taken += commit.bytes
        }
        let group = Array(waiting.prefix(count))
        waiting.removeFirst(count)
        bytes -= taken
        isWriting = count > 0
        return group
    }

    /// For a writer that could not be started: all that waits.
    package mutating func takeAll() -> [Commit] {
        defer { (waiting, bytes, isWriting) = ([], 0, false) }
        return waiting
    }

    /// Refuses what comes from now on.
    package mutating func close() { isClosed = true }
}
