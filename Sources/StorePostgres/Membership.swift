package import EngineKit
import Synchronization

/// This node's place among the nodes, and what it knows of the others.
package final class Membership: Cluster {
    struct Snapshot: Sendable {
        struct Node: Sendable {
            var incarnation: String
            var seen: Int64
            var shown: ClusterNode
        }

        /// The last change that the snapshot shows.
        var last: Int64
        var leader: String?
        var term: UInt64
        var nodes: [Node]
    }

    private struct Waiter {
        var sequence: Int64
        var others: Set<String>
        var until: Timestamp
        var answer: CheckedContinuation<Result<Void, StorageError>, Never>
    }

    private struct State {
        /// Of this process's place; nil before it has one and after it was lost.
        var incarnation: String?
        /// Everything up to here is no longer cached from before.
        var position: Int64 = 0
        /// Our own commits that the feed has not passed yet. Those in doubt are not among them.
        var own: Set<Int64> = []
        var seen: [String: Int64] = [:]
        var snapshot: Snapshot?
        var offersToLead = false
        var waiters: [Waiter] = []
    }

    /// How long a place lasts without a heartbeat.
    static let leaseSeconds = 10
    static let beatMilliseconds = 1_000
    /// Given up by this node before the others take it away, should its clock run slower than the database's.
    private static let marginSeconds = 1
    private static let waitSecondsMax = leaseSeconds + 5

    private let time: any TimeSource
    private let state = Mutex(State())
    /// Nanoseconds; 0 without a place.
    private let deadline = Atomic<Int64>(0)

    init(time: any TimeSource) { self.time = time }

    // MARK: What the server asks

    package var mayServe: Bool { time.now().nanoseconds < deadline.load(ordering: .acquiring) }

    package var leadingTerm: UInt64? {
        guard mayServe else { return nil }
        return state.withLock { state in
            guard let snapshot = state.snapshot, let leader = snapshot.leader, leader == state.incarnation else { return nil }
            return state.offersToLead ? snapshot.term : nil
        }
    }

    package var nodes: [ClusterNode] { state.withLock { $0.snapshot?.nodes.map(\.shown) ?? [] } }

    package func offerToLead(_ isOffered: Bool) { state.withLock { $0.offersToLead = isOffered } }

    // MARK: What the writer asks

    var incarnation: String? { state.withLock { $0.incarnation } }

    /// Before COMMIT is sent, so that the feed takes the change for ours.
    func began(_ sequence: Int64) { _ = state.withLock { $0.own.insert(sequence) } }

    /// The change may appear and was not acknowledged: the feed treats it like another node's.
    func doubted(_ sequence: Int64) { _ = state.withLock { $0.own.remove(sequence) } }

    /// Until every one of the nodes has passed a change, or has lost its place.
    func passed(_ receipt: GroupWriter.Receipt) async throws(StorageError) {
        guard !receipt.others.isEmpty else { return }
        let until = time.now().adding(seconds: Self.waitSecondsMax)
        let result = await withCheckedContinuation { answer in
            let isPassed = state.withLock { state in
                let others = Set(receipt.others.filter { state.seen[$0, default: 0] < receipt.sequence })
                guard !others.isEmpty else { return true }
                state.waiters.append(Waiter(sequence: receipt.sequence, others: others, until: until, answer: answer))
                return false
            }
            if isPassed { answer.resume(returning: .success(())) }
        }
        try result.get()
    }

    // MARK: What the feed tells

    var position: Int64 { state.withLock { $0.position } }
    var offersToLead: Bool { state.withLock { $0.offersToLead } }
    var isLeaderOnRecord: Bool {
        state.withLock { $0.incarnation != nil && $0.snapshot?.leader == $0.incarnation }
    }
    var isLeaderMissing: Bool {
        state.withLock { state in
            guard let snapshot = state.snapshot else { return false }
            return !snapshot.nodes.contains { $0.incarnation == snapshot.leader }
        }
    }

    func isOwn(_ sequence: Int64) -> Bool { state.withLock { $0.own.contains(sequence) } }

    func joined(as incarnation: String, at position: Int64) {
        state.withLock { state in
            state.incarnation = incarnation
            state.position = position
            state.own = []
            state.snapshot = nil
        }
    }

    func lost() {
        deadline.store(0, ordering: .releasing)
        state.withLock { $0.incarnation = nil }
    }

    /// Nothing before counts, our own commits included.
    func restart(at position: Int64) {
        state.withLock { state in
            state.position = position
            state.own = []
        }
    }

    func advance(to position: Int64) {
        state.withLock { state in
            state.position = position
            if !state.own.isEmpty { state.own = state.own.filter { $0 > position } }
        }
    }

    /// A heartbeat that was sent at this moment has arrived.
    func kept(sentAt moment: Timestamp) {
        let end = moment.adding(seconds: Self.leaseSeconds - Self.marginSeconds)
        deadline.store(end.nanoseconds, ordering: .releasing)
    }

    func saw(_ node: String, _ sequence: Int64) {
        settle { state in state.seen[node] = max(state.seen[node, default: 0], sequence) }
    }

    func took(_ snapshot: Snapshot) {
        settle { state in
            state.snapshot = snapshot
            let live = Set(snapshot.nodes.map(\.incarnation))
            state.seen = state.seen.filter { live.contains($0.key) }
            for node in snapshot.nodes { state.seen[node.incarnation] = max(state.seen[node.incarnation, default: 0], node.seen) }
            for index in state.waiters.indices where state.waiters[index].sequence <= snapshot.last {
                state.waiters[index].others.formIntersection(live)
            }
        }
    }

    /// Answers those whose waiting is over.
    func settle() { settle { _ in } }

    private func settle(_ change: (inout State) -> Void) {
        let now = time.now()
        let (passed, late) = state.withLock { state -> ([Waiter], [Waiter]) in
            change(&state)
            for index in state.waiters.indices {
                let sequence = state.waiters[index].sequence
                state.waiters[index].others = state.waiters[index].others.filter { state.seen[$0, default: 0] < sequence }
            }
            let passed = state.waiters.filter { $0.others.isEmpty }
            let late = state.waiters.filter { !$0.others.isEmpty && $0.until < now }
            state.waiters.removeAll { $0.others.isEmpty || $0.until < now }
            return (passed, late)
        }
        for waiter in passed { waiter.answer.resume(returning: .success(())) }
        for waiter in late {
            waiter.answer.resume(
                returning: .failure(.unavailable("it was written, and it is not known whether every node has taken note of it")))
        }
    }

    /// Nobody will tell any more.
    func end() {
        lost()
        let left = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in left { waiter.answer.resume(returning: .failure(CommitQueue.closed)) }
    }
}
