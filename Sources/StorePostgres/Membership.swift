package import EngineKit
import Synchronization

/// This node's place among the nodes, and what it knows of the others.
///
/// It decides and waits for nobody: the change feed, the writer and the watch bring what happened, so that a simulation can
/// bring the same in any order.
///
/// Nobody's death is a matter of the database's clock, which may be set. A node stops serving ``serveSeconds`` after it sent
/// the last heartbeat that arrived, and another takes its place away when it has seen no new heartbeat for ``deathSeconds``;
/// each by its own clock that is never set. What is seen was sent before, so the first always comes before the second.
package final class Membership: Cluster {
    /// A place, and the history of the database in which it was taken.
    struct Place: Sendable, Hashable {
        var incarnation: String
        var history: String
    }

    /// That a node lives: each heartbeat has another mark.
    struct Heartbeat: Sendable, Hashable {
        var incarnation: String
        var mark: Int64
    }

    struct Snapshot: Sendable {
        struct Node: Sendable {
            var heartbeat: Heartbeat
            var seen: Int64
            var shown: ClusterNode
        }

        var history: String
        /// The last change that the snapshot shows.
        var last: Int64
        var leader: String?
        var term: UInt64
        var nodes: [Node]
    }

    struct State {
        var place: Place?
        /// Of the last place, which may be lost.
        var last: Place?
        /// When this node took its first place in that history, which began before.
        var historySeenAt: Timestamp?
        /// Why there is no place.
        var trouble: String?
        /// Everything up to here is no longer cached from before.
        var position: Int64 = 0
        /// What the database was seen to hold: the feed must come as far at its next look.
        var promised: Int64 = 0
        /// Our own commits that the feed has not passed yet, and whether they are known to be written. Those in doubt are not
        /// among them.
        var own: [Int64: Bool] = [:]
        var seen: [String: Int64] = [:]
        /// Of the other nodes: the last heartbeat, and when it was first seen.
        var heartbeats: [String: (mark: Int64, since: Timestamp)] = [:]
        var snapshot: Snapshot?
        var offersToLead = false
        var waiters: [Waiter] = []
        /// This process takes no place any more, whatever was under way when it stopped.
        var isEnded = false
    }

    /// How long a place is shown to last without a heartbeat.
    static let leaseSeconds = 10
    static let serveSeconds = 8
    static let deathSeconds = 9
    static let beatMilliseconds = 1_000

    let time: any TimeSource
    let state = Mutex(State())
    /// Nanoseconds; 0 without a place.
    private let deadline = Atomic<Int64>(0)
    /// When the feed last made a step, in nanoseconds.
    private let movedAt = Atomic<Int64>(0)

    init(time: any TimeSource) { self.time = time }

    // MARK: What the server asks

    package var mayServe: Bool { time.now().nanoseconds < deadline.load(ordering: .acquiring) }

    package var trouble: String? {
        guard !mayServe else { return nil }
        return state.withLock { $0.trouble } ?? "no heartbeat of this node has reached the database in time"
    }

    package var leadingTerm: UInt64? {
        guard mayServe else { return nil }
        return state.withLock { state in
            guard let snapshot = state.snapshot, let leader = snapshot.leader, leader == state.place?.incarnation else {
                return nil
            }
            return state.offersToLead ? snapshot.term : nil
        }
    }

    package var nodes: [ClusterNode] { state.withLock { $0.snapshot?.nodes.map(\.shown) ?? [] } }

    package func offerToLead(_ isOffered: Bool) { state.withLock { $0.offersToLead = isOffered } }

    // MARK: The place

    var place: Place? { state.withLock { $0.place } }

    /// Nothing before counts. What waits in another history is answered: whether it was written there is not known any more.
    func joined(_ place: Place, at position: Int64) {
        let ended = state.withLock { state -> [Waiter] in
            guard !state.isEnded else { return [] }
            let isSame = state.last?.history == place.history
            state.place = place
            state.last = place
            if !isSame { state.historySeenAt = time.now() }
            state.trouble = "it is catching up with the store"
            state.snapshot = nil
            Self.restart(&state, at: position)
            defer { if !isSame { state.waiters = [] } }
            return isSame ? [] : state.waiters
        }
        for waiter in ended { waiter.answer.resume(returning: .failure(Self.replaced)) }
    }

    /// Stops serving. Nothing happens when the place was lost already.
    func lost(_ reason: String) {
        state.withLock { state in
            deadline.store(0, ordering: .releasing)
            state.place = nil
            state.trouble = reason
        }
    }

    /// Nothing before counts, our own commits included.
    func restart(at position: Int64) { state.withLock { Self.restart(&$0, at: position) } }

    private static func restart(_ state: inout State, at position: Int64) {
        state.position = position
        state.promised = position
        state.own = [:]
        state.seen = [:]
        state.heartbeats = [:]
    }

    /// A heartbeat for this place that was sent at this moment has arrived.
    func kept(_ place: Place, sentAt moment: Timestamp) {
        let end = moment.adding(seconds: Self.serveSeconds)
        state.withLock { state in
            // The watch may have given the place back meanwhile.
            guard state.place == place else { return }
            state.trouble = nil
            deadline.store(end.nanoseconds, ordering: .releasing)
        }
    }

    // MARK: The feed's steps

    func moved() { movedAt.store(time.now().nanoseconds, ordering: .relaxed) }

    /// Whether the feed has a place and has made no step for so long.
    func standsStill(forSeconds seconds: Int) -> Bool {
        let end = Timestamp(nanoseconds: movedAt.load(ordering: .relaxed)).adding(seconds: seconds)
        return time.now() > end && place != nil
    }

    var position: Int64 { state.withLock { $0.position } }

    func advance(to position: Int64) {
        state.withLock { state in
            state.position = position
            if !state.own.isEmpty { state.own = state.own.filter { $0.key > position } }
        }
    }

    /// Where the feed must have come and has not: rows that it should have read are not there.
    var missing: Int64? { state.withLock { $0.promised > $0.position ? $0.promised : nil } }

    /// A change read from the table is ours when it bears our name and we are writing it, or have.
    func isOwn(_ change: FeedPage.Change) -> Bool {
        state.withLock { $0.own[change.sequence] != nil && change.node == $0.place?.incarnation }
    }

    /// Goes past a hint of our own next commit; false for everything else. A hint alone is believed by nobody: the writer must
    /// have had its answer.
    func passOwn(_ sequence: Int64) -> Bool {
        state.withLock { state in
            guard sequence == state.position + 1, state.own[sequence] == true else { return false }
            state.position = sequence
            state.own[sequence] = nil
            return true
        }
    }

    // MARK: The lead

    var offersToLead: Bool { state.withLock { $0.offersToLead } }
    var isLeaderOnRecord: Bool {
        state.withLock { state in state.place.map { state.snapshot?.leader == $0.incarnation } ?? false }
    }
    var isLeaderMissing: Bool {
        state.withLock { state in
            guard let snapshot = state.snapshot else { return false }
            return !snapshot.nodes.contains { $0.heartbeat.incarnation == snapshot.leader }
        }
    }
}
