import DatabaseClients
import EngineKit
import Synchronization

/// The commits that wait for the writer, and the thread it writes on.
final class CommitQueue: Sendable {
    private typealias Waiting = WaitingCommits<GroupWriter.Request, GroupWriter.Verdict>

    static let closed = StorageError.unavailable("the store is closed")

    private let state = Mutex(Waiting())
    // Locked on the one thread only, so nobody ever waits for it.
    private let writer: Mutex<GroupWriter>
    private let thread = BlockingThreads(threadsMax: 1, queueMax: 16)

    init(_ writer: sending GroupWriter) { self.writer = Mutex(writer) }

    func commit(_ batch: Batch, term: UInt64?, place: Membership.Place?) async throws(StorageError) -> Membership.Receipt? {
        let verdict = await withCheckedContinuation { answer in
            enqueue(.init(.init(batch: batch, term: term, place: place), bytes: batch.byteCount, answer: answer))
        }
        return try verdict.get()
    }

    /// Writes what waits, refuses what comes, and ends the session.
    func close() async {
        state.withLock { $0.close() }
        _ = try? await thread.run { [self] () throws(DatabaseError) in
            writeWaiting()
            writer.withLock { $0.close() }
        }
    }

    private func enqueue(_ commit: Waiting.Commit) {
        switch state.withLock({ $0.add(commit) }) {
        case .first: startWriting()
        case .joined: break
        case .closed: commit.answer.resume(returning: .failure(Self.closed))
        case .full:
            commit.answer.resume(returning: .failure(.unavailable("too many writes are waiting for the database")))
        }
    }

    private func startWriting() {
        Task.detached { [self] in
            do throws(DatabaseError) {
                try await thread.run { [self] () throws(DatabaseError) in writeWaiting() }
            } catch {
                // No thread could be had.
                for commit in state.withLock({ $0.takeAll() }) {
                    commit.answer.resume(returning: .failure(.unavailable(error.message)))
                }
            }
        }
    }

    private func writeWaiting() {
        writer.withLock { writer in
            while case let group = state.withLock({ $0.nextGroup() }), !group.isEmpty {
                let verdicts = writer.commit(group.map(\.request))
                for (commit, verdict) in zip(group, verdicts) { commit.answer.resume(returning: verdict) }
            }
        }
    }
}
