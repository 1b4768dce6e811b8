package import EngineKit
import Synchronization

/// The place of this node among the nodes of a store, and what it knows about the others.
///
/// It makes decisions and performs no I/O: the change feed, the writer and the watch report events
/// to it, so a simulation can report the same events in any order.
///
/// No decision about a node's end depends on the database's clock, which may be set. A node stops
/// serving ``serveSeconds`` after it sent the last heartbeat that arrived. Another node takes its
/// place away when it has seen no new heartbeat for ``deathSeconds``. Each uses its own clock,
/// which is never set. A heartbeat is sent before it is seen, so the node has always stopped
/// serving before its place is taken away.
package final class Membership: Cluster {
    /// A place among the nodes, and the history of the database in which it was taken.
    struct Place: Sendable, Hashable {
        var incarnation: String
        var history: String
    }

    /// The last heartbeat of a node. Each heartbeat has a different mark.
    struct Heartbeat: Sendable, Hashable {
        var incarnation: String
        var mark: Int64
    }

    /// The nodes and the leader, as the tables show them.
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
        /// The last place of this node, which may have been lost.
        var last: Place?
        /// When this node took its first place in the history of ``last``. The history began before
        /// that.
        var historySeenAt: Timestamp?
        /// Why this node has no place.
        var trouble: String?
        /// The number of the last change that this node has processed. Nothing older is cached.
        var position: Int64 = 0
        /// The highest number that the database was seen to have. The feed must get that far with
        /// its next page.
        var promised: Int64 = 0
        /// The commits of this node that the feed has not passed, and whether they are known to be
        /// committed. Commits in doubt are not included.
        var own: [Int64: Bool] = [:]
        var seen: [String: Int64] = [:]
        /// The last heartbeat of each other node, and when it was first seen.
        var heartbeats: [String: (mark: Int64, since: Timestamp)] = [:]
        var snapshot: Snapshot?
        var offersToLead = false
        var waiters: [Waiter] = []
        /// Whether this process takes no more places, because it is stopping.
        var isEnded = false
    }

    /// How long a place lasts without a heartbeat, as the table shows it.
    static let leaseSeconds = 10
    /// How long a node serves after it sent its last heartbeat.
    static let serveSeconds = 8
    /// How long another node must have seen no heartbeat before it takes the place away.
    static let deathSeconds = 9
    /// The time between heartbeats.
    static let beatMilliseconds = 1_000

    let time: any TimeSource
    let state = Mutex(State())
    /// The time until which this node serves, in nanoseconds, or 0 if it has no place.
    private let deadline = Atomic<Int64>(0)
    /// When the feed last made progress, in nanoseconds.
    private let movedAt = Atomic<Int64>(0)

    init(time: any TimeSource) { self.time = time }

    // MARK: What the server asks

    /// Whether this node may answer requests now.
    package var mayServe: Bool { time.now().nanoseconds < deadline.load(ordering: .acquiring) }

    /// Why this node may not serve, or nil if it may.
    package var trouble: String? {
        guard !mayServe else { return nil }
        return state.withLock { $0.trouble } ?? "no heartbeat of this node has reached the database in time"
    }

    /// The term in which this node leads, or nil if it does not.
    package var leadingTerm: UInt64? {
        guard mayServe else { return nil }
        return state.withLock { state in
            guard let snapshot = state.snapshot, let leader = snapshot.leader, leader == state.place?.incarnation else {
                return nil
            }
            return state.offersToLead ? snapshot.term : nil
        }
    }

    /// The nodes of the store, as last read.
    package var nodes: [ClusterNode] { state.withLock { $0.snapshot?.nodes.map(\.shown) ?? [] } }

    /// Sets whether this node is willing to lead.
    package func offerToLead(_ isOffered: Bool) { state.withLock { $0.offersToLead = isOffered } }

    // MARK: The place

    var place: Place? { state.withLock { $0.place } }

    /// Begins a new place, forgetting everything read before. Commits that wait in another history
    /// are answered with an error, because it is no longer known whether they were written.
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

    /// Stops serving and gives up the place, if there is one.
    func lost(_ reason: String) {
        state.withLock { state in
            deadline.store(0, ordering: .releasing)
            state.place = nil
            state.trouble = reason
        }
    }

    /// Begins again at a change, forgetting everything read before, including commits of this node.
    func restart(at position: Int64) { state.withLock { Self.restart(&$0, at: position) } }

    private static func restart(_ state: inout State, at position: Int64) {
        state.position = position
        state.promised = position
        state.own = [:]
        state.seen = [:]
        state.heartbeats = [:]
    }

    /// Reports that a heartbeat for a place, sent at the given time, has arrived.
    func kept(_ place: Place, sentAt moment: Timestamp) {
        let end = moment.adding(seconds: Self.serveSeconds)
        state.withLock { state in
            // The watch may have given the place back in the meantime.
            guard state.place == place else { return }
            state.trouble = nil
            deadline.store(end.nanoseconds, ordering: .releasing)
        }
    }

    // MARK: The feed's steps

    /// Reports that the feed has made progress.
    func moved() { movedAt.store(time.now().nanoseconds, ordering: .relaxed) }

    /// Returns whether the feed has a place and has made no progress for the given time.
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

    /// The number that the feed should have reached, but cannot because rows are missing, or nil.
    var missing: Int64? { state.withLock { $0.promised > $0.position ? $0.promised : nil } }

    /// Returns whether a change from the table is this node's: it has this node's name, and this
    /// node is committing it or has.
    func isOwn(_ change: FeedPage.Change) -> Bool {
        state.withLock { $0.own[change.sequence] != nil && change.node == $0.place?.incarnation }
    }

    /// Advances past a hint about this node's own next commit. Returns false for any other hint,
    /// and for a commit that has not been answered: a hint alone proves nothing.
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
