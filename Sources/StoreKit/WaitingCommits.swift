import EngineKit

/// Commits that wait for the only writer of a store. While one group is written, the next one collects.
///
/// The queue is bounded: further commits are refused at once. A store protects it with a lock and provides the thread that
/// writes.
package struct WaitingCommits<Request: Sendable, Verdict: Sendable>: Sendable {
    /// A commit, and the caller that waits for its result.
    package struct Commit: Sendable {
        /// What is to be written.
        package let request: Request
        let bytes: Int
        /// Resumed with the result.
        package let answer: CheckedContinuation<Verdict, Never>

        /// Creates a waiting commit whose keys and values have `bytes` together.
        package init(_ request: Request, bytes: Int, answer: CheckedContinuation<Verdict, Never>) {
            self.request = request
            self.bytes = bytes
            self.answer = answer
        }
    }

    /// The result of adding a commit: after `first`, the caller must start the writer; after `closed` and `full`, the
    /// commit was refused.
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

    /// Adds a commit to the queue.
    package mutating func add(_ commit: Commit) -> Addition {
        guard !isClosed else { return .closed }
        guard waiting.count < Self.waitingMax, bytes + commit.bytes <= Self.waitingBytesMax else { return .full }
        waiting.append(commit)
        bytes += commit.bytes
        defer { isWriting = true }
        return isWriting ? .joined : .first
    }

    /// Returns the next group. If it is empty, the writer ends.
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

    /// Returns all waiting commits, after the writer could not be started.
    package mutating func takeAll() -> [Commit] {
        defer { (waiting, bytes, isWriting) = ([], 0, false) }
        return waiting
    }

    /// Refuses further commits.
    package mutating func close() { isClosed = true }
}
