import EngineKit
import Synchronization

/// Commits that wait until the other nodes have passed their change.
extension Membership {
    /// What the writer reads while it holds the lock that all writers take.
    struct Found: Sendable {
        var history: String
        var leader: String?
        var term: UInt64
        /// The time until every node of the previous history has stopped serving, even one whose
        /// place this history does not have.
        var settlesInMilliseconds: Int64
        /// The nodes that have a place.
        var live: [String]
    }

    /// The number of a commit in the order of all nodes, and the nodes that must have passed it
    /// before it is answered.
    struct Receipt: Sendable {
        var sequence: Int64
        var history: String
        var others: [String]
        var settledAt: Timestamp?
    }

    /// A commit that waits to be answered.
    struct Waiter {
        var sequence: Int64
        var others: Set<String>
        var settledAt: Timestamp?
        var until: Timestamp
        var answer: CheckedContinuation<Result<Void, StorageError>, Never>
    }

    private static let waitSecondsMax = leaseSeconds + 5
    static let unknown = StorageError.unavailable(
        "the change was written, but whether every node has noticed it is unknown")
    static let replaced = StorageError.unavailable(
        "the change was written, but then the database was replaced by another copy: whether that has the change is unknown")

    // MARK: The writer

    /// Returns the name of this node's place if it may write, or nil.
    func admitted(_ found: Found) -> String? {
        guard let place, place.history == found.history, found.live.contains(place.incarnation) else { return nil }
        return place.incarnation
    }

    /// Returns whether something that was decided in a place may still be written. After a change
    /// of place the keyring may differ, and a record would be sealed with a key that no node has.
    func stillHolds(_ decided: Place?) -> Bool { decided != nil && decided == place }

    /// Returns whether a batch that a leader ordered may be written, which holds only in its term.
    func leads(_ found: Found, term: UInt64?) -> Bool {
        term == nil || term == found.term && found.leader != nil && found.leader == place?.incarnation
    }

    func receipt(_ sequence: Int64, _ found: Found) -> Receipt {
        let own = place?.incarnation
        let now = time.now()
        let milliseconds = min(max(found.settlesInMilliseconds, 0), Int64(Self.leaseSeconds) * 1_000)
        var settledAt = milliseconds == 0 ? nil : Timestamp(nanoseconds: now.nanoseconds + milliseconds * 1_000_000)
        // The database's clock may be behind after a failover, and would then delay every write
        // until it has caught up.
        if let end = settled(found.history), let told = settledAt { settledAt = end <= now ? nil : min(told, end) }
        return Receipt(
            sequence: sequence, history: found.history, others: found.live.filter { $0 != own }, settledAt: settledAt)
    }

    /// Returns when a history settles by this node's clock, or nil if this node never had a place
    /// in it.
    private func settled(_ history: String) -> Timestamp? {
        state.withLock { state in
            state.last?.history == history ? state.historySeenAt?.adding(seconds: Self.leaseSeconds) : nil
        }
    }

    /// Reports a commit before COMMIT is sent, so that the feed recognizes the change as this
    /// node's.
    func began(_ sequence: Int64) { state.withLock { $0.own[sequence] = false } }

    /// Reports that COMMIT has returned.
    func wrote(_ sequence: Int64) { state.withLock { if $0.own[sequence] != nil { $0.own[sequence] = true } } }

    /// Reports a commit whose answer was lost. If the change appears, the feed treats it like
    /// another node's.
    func doubted(_ sequence: Int64) { _ = state.withLock { $0.own.removeValue(forKey: sequence) } }

    /// Waits until every other node has passed a change or has lost its place.
    func passed(_ receipt: Receipt) async throws(StorageError) {
        guard !receipt.others.isEmpty || receipt.settledAt != nil else { return }
        let now = time.now()
        let result = await withCheckedContinuation { answer in
            let verdict: Result<Void, StorageError>? = state.withLock { state in
                guard state.last?.history == receipt.history else { return .failure(Self.replaced) }
                let waiter = Waiter(
                    sequence: receipt.sequence, others: Set(receipt.others), settledAt: receipt.settledAt,
                    until: now.adding(seconds: Self.waitSecondsMax), answer: answer)
                guard !Self.isOver(waiter, state.seen, at: now) else { return .success(()) }
                guard !state.isEnded else { return .failure(Self.unknown) }
                state.waiters.append(waiter)
                return nil
            }
            if let verdict { answer.resume(returning: verdict) }
        }
        try result.get()
    }

    private static func isOver(_ waiter: Waiter, _ seen: [String: Int64], at now: Timestamp) -> Bool {
        waiter.others.allSatisfy { seen[$0, default: 0] >= waiter.sequence } && waiter.settledAt.map { $0 <= now } ?? true
    }

    // MARK: What the tables say

    /// Returns whether a commit waits for what a hint says, so that the table should be read.
    func awaits(_ node: String, _ sequence: Int64) -> Bool {
        state.withLock { state in
            state.seen[node, default: 0] < sequence
                && state.waiters.contains { $0.others.contains(node) && $0.sequence > state.seen[node, default: 0] }
        }
    }

    /// Reports how far the nodes have come, as read with this place. Returns false if none has come
    /// further.
    @discardableResult
    func heard(_ seen: [String: Int64], in place: Place) -> Bool {
        var isNews = false
        settle { state in
            guard state.place == place else { return }
            for (node, sequence) in seen where sequence > state.seen[node, default: 0] {
                state.seen[node] = sequence
                isNews = true
            }
        }
        return isNews
    }

    /// What became of a snapshot: it was taken over, this node has no place, the history is
    /// another, or the database went back.
    enum Look { case taken, placeless, replaced, wentBack }

    /// Reports what the tables show about all nodes. It is ignored if it belongs to another
    /// history, or is older than what was read before.
    func took(_ snapshot: Snapshot, in place: Place) -> Look {
        var look = Look.taken
        let now = time.now()
        settle { state in
            guard state.place == place else { return look = .placeless }
            guard snapshot.history == place.history else { return look = .replaced }
            guard snapshot.last >= state.position else { return look = .wentBack }
            state.snapshot = snapshot
            state.promised = max(state.promised, snapshot.last)
            let live = Set(snapshot.nodes.map(\.heartbeat.incarnation))
            state.seen = state.seen.filter { live.contains($0.key) }
            state.heartbeats = state.heartbeats.filter { live.contains($0.key) }
            for node in snapshot.nodes where node.heartbeat.incarnation != place.incarnation {
                let (name, mark) = (node.heartbeat.incarnation, node.heartbeat.mark)
                state.seen[name] = max(state.seen[name, default: 0], node.seen)
                if state.heartbeats[name]?.mark != mark { state.heartbeats[name] = (mark, now) }
            }
            for index in state.waiters.indices where state.waiters[index].sequence <= snapshot.last {
                state.waiters[index].others.formIntersection(live)
            }
        }
        return look
    }

    /// The nodes whose last heartbeat was seen so long ago that they have stopped serving.
    var dead: [Heartbeat] {
        let now = time.now()
        return state.withLock { state in
            state.heartbeats.filter { now >= $0.value.since.adding(seconds: Self.deathSeconds) }.map {
                Heartbeat(incarnation: $0.key, mark: $0.value.mark)
            }
        }
    }

    /// The time until a node counts as dead if no heartbeat comes, in milliseconds, or nil if there
    /// is no other node.
    var millisecondsToNextDeath: Int? {
        let now = time.now().nanoseconds
        guard let since = state.withLock({ $0.heartbeats.values.map(\.since).min() }) else { return nil }
        return max(0, Int((since.adding(seconds: Self.deathSeconds).nanoseconds - now + 999_999) / 1_000_000))
    }

    // MARK: Answering

    /// Answers the commits whose wait is over.
    func settle() { settle { _ in } }

    private func settle(_ change: (inout State) -> Void) {
        let now = time.now()
        let (passed, late) = state.withLock { state -> ([Waiter], [Waiter]) in
            change(&state)
            guard !state.waiters.isEmpty else { return ([], []) }
            var (passed, late, left): ([Waiter], [Waiter], [Waiter]) = ([], [], [])
            for waiter in state.waiters {
                if Self.isOver(waiter, state.seen, at: now) {
                    passed.append(waiter)
                } else if waiter.until < now {
                    late.append(waiter)
                } else {
                    left.append(waiter)
                }
            }
            state.waiters = left
            return (passed, late)
        }
        for waiter in passed { waiter.answer.resume(returning: .success(())) }
        for waiter in late { waiter.answer.resume(returning: .failure(Self.unknown)) }
    }

    /// Stops serving, and answers all waiting commits, because nothing more will be reported.
    func end() {
        lost("it is stopping")
        let left = state.withLock { state in
            state.isEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in left { waiter.answer.resume(returning: .failure(Self.unknown)) }
    }
}
