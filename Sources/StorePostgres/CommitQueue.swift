import DatabaseClients
import EngineKit
import Synchronization

/// The commits that wait for the writer. While one group is under way, the next gathers. Bounded: beyond it a commit is
/// refused at once.
final class CommitQueue: Sendable {
    private struct Waiting {
        let request: GroupWriter.Request
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

    static let closed = StorageError.unavailable("the store is closed")

    private let state = Mutex(State())
    // Locked on the one thread only, so nobody ever waits for it.
    private let writer: Mutex<GroupWriter>
    private let thread = BlockingThreads(threadsMax: 1, queueMax: 16)

    init(_ writer: sending GroupWriter) { self.writer = Mutex(writer) }

    func commit(_ batch: Batch, term: UInt64?) async throws(StorageError) -> GroupWriter.Receipt? {
        let verdict = await withCheckedContinuation { answer in
            enqueue(Waiting(request: .init(batch: batch, term: term), bytes: batch.byteCount, answer: answer))
        }
        return try verdict.get()
    }

    /// Writes what waits, refuses what comes, and ends the session.
    func close() async {
        state.withLock { $0.isClosed = true }
        _ = try? await thread.run { [self] () throws(DatabaseError) in
            writeWaiting()
            writer.withLock { $0.close() }
        }
    }

    private func enqueue(_ commit: Waiting) {
        let (refusal, mustStart) = state.withLock { state -> (StorageError?, Bool) in
            guard !state.isClosed else { return (Self.closed, false) }
            guard state.waiting.count < Self.waitingMax, state.bytes + commit.bytes <= Self.waitingBytesMax else {
                return (.unavailable("too many writes are waiting for the database"), false)
            }
            state.waiting.append(commit)
            state.bytes += commit.bytes
            defer { state.isWriting = true }
            return (nil, !state.isWriting)
        }
        if let refusal { commit.answer.resume(returning: .failure(refusal)) }
        guard mustStart else { return }
        Task.detached { [self] in
            do throws(DatabaseError) {
                try await thread.run { [self] () throws(DatabaseError) in writeWaiting() }
            } catch {
                refuseWaiting(error)
            }
        }
    }

    private func writeWaiting() {
        writer.withLock { writer in
            while case let group = nextGroup(), !group.isEmpty {
                let verdicts = writer.commit(group.map(\.request))
                for (commit, verdict) in zip(group, verdicts) { commit.answer.resume(returning: verdict) }
            }
        }
    }

    /// No thread could be had.
    private func refuseWaiting(_ error: DatabaseError) {
        let refused = state.withLock { state in
            state.isWriting = false
            state.bytes = 0
            defer { state.waiting = [] }
            return state.waiting
        }
        for commit in refused { commit.answer.resume(returning: .failure(.unavailable(error.message))) }
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
