import Dispatch
import EngineKit
import StoreKit
import Synchronization

/// The queue of commits that wait for the writer, and the thread that it writes on.
final class CommitQueue: Sendable {
    private typealias Waiting = WaitingCommits<Batch, GroupWriter.Verdict>

    private let state = Mutex(Waiting())
    // Used on `thread` only, so the lock is always free.
    private let writer: Mutex<GroupWriter>
    private let thread = DispatchQueue(label: "coffer.store.writer", qos: .userInitiated)

    init(_ writer: sending GroupWriter) { self.writer = Mutex(writer) }

    /// Commits a batch. Returns once it is on disk.
    func commit(_ batch: Batch) async throws(StorageError) {
        let verdict = await withCheckedContinuation { answer in
            enqueue(.init(batch, bytes: batch.byteCount, answer: answer))
        }
        try verdict.get()
    }

    /// Rebuilds the index between two groups of commits.
    func rebuildIndex() async -> Result<Void, SQLiteFailure> {
        await withCheckedContinuation { done in
            thread.async {
                let result = self.writer.withLock { writer in
                    Result<Void, SQLiteFailure> { () throws(SQLiteFailure) in try writer.rebuildIndex() }
                }
                done.resume(returning: result)
            }
        }
    }

    /// Refuses further commits, writes those that wait, and closes the database.
    func close() async {
        state.withLock { $0.close() }
        await withCheckedContinuation { done in
            thread.async {
                self.writeWaiting()
                self.writer.withLock { $0.close() }
                done.resume()
            }
        }
    }

    private func enqueue(_ commit: Waiting.Commit) {
        switch state.withLock({ $0.add(commit) }) {
        case .first: thread.async { self.writeWaiting() }
        case .joined: break
        case .closed: commit.answer.resume(returning: .failure(SQLiteFailure.closed.unavailable))
        case .full:
            commit.answer.resume(returning: .failure(.unavailable("too many writes are waiting for the disk; retry in a moment")))
        }
    }

    private func writeWaiting() {
        writer.withLock { writer in
            while case let group = state.withLock({ $0.nextGroup() }), !group.isEmpty {
                let verdicts = writer.commit(group.map(\.request))
                for (commit, verdict) in zip(group, verdicts) { commit.answer.resume(returning: verdict) }
                writer.checkpointIfDue()
            }
        }
    }
}
