import Dispatch
import EngineKit
import Synchronization

/// The commits that wait for the writer, and the thread it writes on.
///
/// While one group is being synced, the next gathers. Bounded: beyond it a commit is refused at once.
final class CommitQueue: Sendable {
    private struct Waiting {
        let batch: Batch
        let bytes: Int
        let answer: CheckedContinuation<GroupWriter.Verdict, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var bytes = 0
        var isWriting = false
        var isClosed = false
    }

    private static let waitingMax = 8_192
    private static let waitingBytesMax = 128 << 20
    private static let groupMax = 512
    private static let groupBytesMax = 8 << 20

    private let state = Mutex(State())
    // Locked on `thread` only, so nobody ever waits for it.
    private let writer: Mutex<GroupWriter>
    private let thread = DispatchQueue(label: "coffer.store.writer", qos: .userInitiated)

    init(_ writer: sending GroupWriter) { self.writer = Mutex(writer) }

    func commit(_ batch: Batch) async throws(StorageError) {
        let verdict = await withCheckedContinuation { answer in
            enqueue(Waiting(batch: batch, bytes: batch.byteCount, answer: answer))
        }
        try verdict.get()
    }

    /// Writes what waits, refuses what comes, and closes the database.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { done in
            thread.async {
                self.writeWaiting()
                self.writer.withLock { $0.close() }
                done.resume()
            }
        }
    }

    private func enqueue(_ commit: Waiting) {
        let (refusal, mustStart) = state.withLock { state -> (StorageError?, Bool) in
            guard !state.isClosed else { return (SQLiteFailure.closed.unavailable, false) }
            guard state.waiting.count < Self.waitingMax, state.bytes + commit.bytes <= Self.waitingBytesMax else {
                return (.unavailable("too many writes are waiting for the disk"), false)
            }
            state.waiting.append(commit)
            state.bytes += commit.bytes
            defer { state.isWriting = true }
            return (nil, !state.isWriting)
        }
        if let refusal { commit.answer.resume(returning: .failure(refusal)) }
        if mustStart { thread.async { self.writeWaiting() } }
    }

    private func writeWaiting() {
        writer.withLock { writer in
            while case let group = nextGroup(), !group.isEmpty {
                let verdicts = writer.commit(group.map(\.batch))
                for (commit, verdict) in zip(group, verdicts) { commit.answer.resume(returning: verdict) }
                writer.checkpointIfDue()
            }
        }
    }

    private func nextGroup() -> [Waiting] {
        state.withLock { state in
            var count = 0
            var bytes = 0
            for commit in state.waiting {
                guard count == 0 || count < Self.groupMax && bytes + commit.bytes <= Self.groupBytesMax else { break }
                count += 1
                bytes += commit.bytes
            }
            let group = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            state.bytes -= bytes
            state.isWriting = count > 0
            return group
        }
    }
}
