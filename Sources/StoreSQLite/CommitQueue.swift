import Dispatch
import EngineKit
import Synchronization

/// The commits that wait for the writer, and the thread it writes on.
final class CommitQueue: Sendable {
    private typealias Waiting = WaitingCommits<Batch, GroupWriter.Verdict>

    private let state = Mutex(Waiting())
    // Locked on `thread` only, so nobody ever waits for it.
    private let writer: Mutex<GroupWriter>
    private let thread = DispatchQueue(label: "coffer.store.writer", qos: .userInitiated)

    init(_ writer: sending GroupWriter) { self.writer = Mutex(writer) }

    func commit(_ batch: Batch) async throws(StorageError) {
        let verdict = await withCheckedContinuation { answer in
            enqueue(.init(batch, bytes: batch.byteCount, answer: answer))
        }
        try verdict.get()
    }

    /// Between two groups of commits.
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

    /// Writes what waits, refuses what comes, and closes the database.
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
            commit.answer.resume(returning: .failure(.unavailable("too many writes are waiting for the disk")))
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
