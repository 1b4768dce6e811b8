import EngineKit

@testable import StorePostgres

/// The tables of `docs/formats/postgresql.md`, with a replica that lags, and everything that may happen to them.
final class SimulatedDatabase: @unchecked Sendable {  // touched by the one thread that runs the schedule
    struct Row {
        var name: String
        var process: Int
        var isSole = false
        var mark: Int64
        var seen: Int64
    }

    struct Change {
        var node: String
        var keys: [String]
    }

    struct Tables {
        var records = SimulatedRecords()
        /// The first is number 1.
        var changes: [Change] = []
        var nodes: [String: Row] = [:]
        var last: Int64 { Int64(changes.count) }
        var leader: String?
        var term: UInt64 = 0
        var history = ""
        var timeline = 0
        var settledAt: Int64 = 0
    }

    let world: SimulatedWorld
    var tables = Tables()
    private var replica = Tables()
    /// Of the server that serves now; a session ends with it.
    private(set) var server = 1
    private(set) var timeline = 1
    /// The last change that the server before it had.
    private(set) var lastBeforeFailOver: Int64 = 0
    /// Added to the database's clock, in microseconds.
    var clockOffset: Int64 = 0
    private var histories = 0
    /// Times that a node became the leader.
    private(set) var claims = 0
    /// Hints on their way, by process.
    private var notes: [Int: [FeedNote]] = [:]
    /// Processes that are gone.
    var gone: Set<Int> = []

    init(_ world: SimulatedWorld) { self.world = world }

    var clock: Int64 { world.microseconds + clockOffset }
    private static let lease = Int64(Membership.leaseSeconds) * 1_000_000

    // MARK: What befalls it

    /// The replica has everything.
    func replicate() { replica = tables }

    /// A server that lacks what was not replicated takes over.
    func failOver() {
        lastBeforeFailOver = max(lastBeforeFailOver, tables.last)
        tables = replica
        timeline += 1
        restart()
    }

    /// Every session ends.
    func restart() {
        server += 1
        for process in notes.keys { world.wake(process, afterMicroseconds: 0) }
        notes = [:]
    }

    // MARK: Sessions

    func enterHistory() -> String {
        if tables.history.isEmpty || tables.timeline != timeline { beginHistory(settles: !tables.history.isEmpty) }
        return tables.history
    }

    func endHistory(_ history: String) { if tables.history == history { beginHistory(settles: true) } }

    private func beginHistory(settles: Bool) {
        histories += 1
        tables.history = "history \(histories)"
        tables.timeline = timeline
        tables.settledAt = settles ? clock + Self.lease : clock
    }

    func join(_ joining: Joining) throws -> Joined {
        let process = Int(joining.process) ?? 0
        for (name, row) in tables.nodes
        where joining.previous.contains(name)
            || row.name == joining.identity.name && row.process != process && gone.contains(row.process)
        {
            tables.nodes[name] = nil
        }
        tables.nodes[joining.incarnation] = Row(
            name: joining.identity.name, process: process, mark: clock + Self.lease, seen: tables.last)
        return Joined(history: tables.history, last: tables.last)
    }

    func page(after position: Int64, limit: Int) -> FeedPage {
        let start = min(Int(position), tables.changes.count)
        let end = min(start + limit, tables.changes.count)
        return FeedPage(
            changes: (start..<end).map {
                .init(sequence: Int64($0) + 1, node: tables.changes[$0].node, keys: tables.changes[$0].keys)
            },
            seen: tables.nodes.mapValues(\.seen))
    }

    func beat(_ incarnation: String, seen: Int64, tells: Bool) -> Bool {
        guard tables.nodes[incarnation] != nil else { return false }
        tables.nodes[incarnation]?.seen = seen
        tables.nodes[incarnation]?.mark = clock + Self.lease
        if tells { notify(.seen(seen, incarnation)) }
        return true
    }

    func remove(_ dead: [Membership.Heartbeat]) {
        for node in dead where tables.nodes[node.incarnation]?.mark == node.mark { tables.nodes[node.incarnation] = nil }
    }

    func snapshot(_ incarnation: String) -> Membership.Snapshot {
        Membership.Snapshot(
            history: tables.history, last: tables.last, leader: tables.leader, term: tables.term,
            nodes: tables.nodes.sorted { $0.key < $1.key }.map { name, row in
                .init(
                    heartbeat: .init(incarnation: name, mark: row.mark), seen: row.seen,
                    shown: ClusterNode(
                        name: row.name, address: "", clusterAddress: "", isSelf: name == incarnation,
                        isLeader: name == tables.leader, joinedAt: Timestamp(seconds: 0), lastSeen: Timestamp(seconds: 0)))
            })
    }

    func claimLead(_ incarnation: String) {
        guard tables.leader.map({ tables.nodes[$0] == nil }) ?? true else { return }
        tables.leader = incarnation
        tables.term += 1
        claims += 1
    }

    func resignLead(_ incarnation: String) { if tables.leader == incarnation { tables.leader = nil } }

    func leave(_ incarnation: String) {
        resignLead(incarnation)
        tables.nodes[incarnation] = nil
    }

    var found: Membership.Found {
        Membership.Found(
            history: tables.history, leader: tables.leader, term: tables.term,
            settlesInMilliseconds: (tables.settledAt - clock) / 1_000, live: tables.nodes.keys.sorted())
    }

    /// The batch, its row among the changes and its hint, at once.
    func write(_ batch: Batch, as incarnation: String) throws(StorageError) -> Int64 {
        for mutation in batch.mutations where mutation.precondition != .none {
            guard mutation.precondition.holds(for: tables.records[mutation.key]?.version) else {
                throw .conflict(key: mutation.key)
            }
        }
        for mutation in batch.mutations {
            switch mutation.change {
            case .put(let value, let version): tables.records[mutation.key] = StoredRecord(value: value, version: version)
            case .delete: tables.records[mutation.key] = nil
            case .check: break
            }
        }
        tables.changes.append(
            Change(node: incarnation, keys: batch.mutations.filter { $0.change != .check }.map(\.key)))
        notify(.change(tables.last, incarnation))
        return tables.last
    }

    // MARK: Hints

    func listen(_ process: Int) { notes[process] = [] }

    func notify(_ note: FeedNote) {
        for process in notes.keys.sorted() {
            notes[process]?.append(note)
            world.wake(process, afterMicroseconds: Int64(world.random(50...2_000)))
        }
    }

    func takeNotes(_ process: Int) -> [FeedNote] {
        defer { notes[process] = notes[process].map { _ in [] } }
        return notes[process] ?? []
    }
}
