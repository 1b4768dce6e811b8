import DatabaseClients
import EngineKit
import StoreKit
import Synchronization

/// The queue of commits that wait for the writer, and the thread that it writes on.
final class CommitQueue: Sendable {
    private typealias Waiting = WaitingCommits<GroupWriter.Request, GroupWriter.Verdict>

    static let closed = StorageError.unavailable("the store is closed")

    private let state = Mutex(Waiting())
    // Used on one thread only, so the lock is always free.
    private let writer: Mutex<GroupWriter>
    private let thread = BlockingThreads(threadsMax: 1, queueMax: 16)

    init(_ writer: sending GroupWriter) { self.writer = Mutex(writer) }

    /// Commits a batch, and returns which nodes must have noticed it before it is answered, or nil
    /// if it changed nothing.
    func commit(_ request: GroupWriter.Request) async throws(StorageError) -> Membership.Receipt? {
        let verdict = await withCheckedContinuation { answer in
            enqueue(.init(request, bytes: request.batch.byteCount, answer: answer))
        }
        return try verdict.get()
    }

    /// Refuses further commits, writes those that wait, and ends the session.
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
            commit.answer.resume(
                returning: .failure(.unavailable("too many writes are waiting for the database; retry in a moment")))
        }
    }

    private func startWriting() {
        Task.detached { [self] in
            do throws(DatabaseError) {
                try await thread.run { [self] () throws(DatabaseError) in writeWaiting() }
            } catch {
                // There is no thread to run on.
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
