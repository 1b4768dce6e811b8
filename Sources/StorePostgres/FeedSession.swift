import DatabaseClients
import EngineKit

/// The database session of the feed: notifications, changes, heartbeats. Its calls block, and one
/// thread at a time may use it.
final class FeedSession {
    /// The history of the database, which does not change during a session.
    let history: String
    private let connection: PostgresConnection
    private let schema: Schema
    private let sql: Statements
    /// The `synchronous_commit` that the administrator has set, for commits that must not be lost.
    private let durability: String
    private static let lease = "make_interval(secs => \(Membership.leaseSeconds))"

    init(_ schema: Schema, _ connection: PostgresConnection) throws(DatabaseError) {
        self.connection = connection
        self.schema = schema
        sql = Statements(schema, owners: nil)
        do throws(DatabaseError) {
            history = try StoreHistory.enter(schema, connection)
            let setting = try connection.execute("SELECT current_setting('synchronous_commit')").first?.first.flatMap { $0 }
            durability = setting ?? "on"
            // If a crash of the database loses a heartbeat, this node loses its place and nothing
            // else.
            try connection.execute("SET synchronous_commit = off")
            try connection.execute("LISTEN \"\(schema.channel)\"")
        } catch {
            connection.close()
            throw error
        }
    }

    func close() { connection.close() }

    func endHistory(_ ended: String) throws(DatabaseError) { try StoreHistory.end(ended, schema, over: connection) }

    func notes(waitingMilliseconds: Int) throws(DatabaseError) -> [FeedNote] {
        try connection.notifications(waitingMilliseconds: waitingMilliseconds).compactMap(FeedNote.init)
    }

    /// Takes a place among the nodes.
    ///
    /// - Throws: ``PostgresStorageError/notAlone`` if this node or another must be the only one.
    func join(_ joining: Joining) throws -> Joined {
        try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        do {
            // This commit must be durable, because others rely on the place.
            try connection.execute("SELECT set_config('synchronous_commit', $1, true)", [durability])
            guard let row = try connection.run(sql.lock).first, let last = row.integer(0), let history = row.text(3) else {
                throw DatabaseError.failed("the store's tables were emptied")
            }
            // Earlier places of this process, which no longer serves with them, and places of
            // processes that have ended.
            for gone in try joining.previous + predecessors(joining) { try connection.run(sql.removeNode, [.text(gone)]) }
            let others = try connection.run(
                "SELECT is_sole::int::bigint FROM \(schema.nodes) WHERE expires_at > clock_timestamp()")
            guard others.isEmpty || !joining.isSole && others.allSatisfy({ $0.integer(0) == 0 }) else {
                throw PostgresStorageError.notAlone
            }
            if joining.isSole { try connection.run("DELETE FROM \(schema.nodes)") }
            try connection.run(
                """
                INSERT INTO \(schema.nodes)
                    (incarnation, name, address, cluster_address, is_sole, joined_at, expires_at, seen, process)
                VALUES ($1, $2, $3, $4, $5 = 1, clock_timestamp(), clock_timestamp() + \(Self.lease), $6, $7)
                """,
                [
                    .text(joining.incarnation), .text(joining.identity.name), .text(joining.identity.address),
                    .text(joining.identity.clusterAddress), .integer(joining.isSole ? 1 : 0), .integer(last),
                    .text(joining.process),
                ])
            try connection.run("COMMIT")
            return Joined(history: history, last: last)
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// Returns the places of the same node whose processes have certainly ended.
    private func predecessors(_ joining: Joining) throws(DatabaseError) -> [String] {
        let viewer = NodeProcess(stored: joining.process)
        return try connection.run(
            "SELECT incarnation, process FROM \(schema.nodes) WHERE name = $1 AND address = $2",
            [.text(joining.identity.name), .text(joining.identity.address)]
        ).compactMap { row in
            guard let incarnation = row.text(0), let process = row.text(1).flatMap(NodeProcess.init(stored:)) else { return nil }
            return process.isGone(seenFrom: viewer) ? incarnation : nil
        }
    }

    /// Returns the changes after a number, at most `limit` of them, and how far every node has
    /// come.
    func page(after position: Int64, limit: Int) throws(DatabaseError) -> FeedPage {
        let rows = try connection.run(
            """
            (SELECT seq, node, keys, 0::bigint FROM \(schema.changes) WHERE seq > $1 ORDER BY seq LIMIT $2)
            UNION ALL SELECT seen, incarnation, NULL::bytea, 1::bigint FROM \(schema.nodes)
            """, [.integer(position), .integer(Int64(limit))])
        var page = FeedPage(changes: [], seen: [:])
        for row in rows {
            guard let sequence = row.integer(0), let node = row.text(1) else { continue }
            if row.integer(3) == 1 {
                page.seen[node] = sequence
            } else {
                let keys = row.bytes(2).map { $0.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }
                page.changes.append(.init(sequence: sequence, node: node, keys: keys))
            }
        }
        page.changes.sort { $0.sequence < $1.sequence }
        return page
    }

    /// Records a heartbeat and how far this node has come. Returns false if the node has lost its
    /// place.
    func beat(_ incarnation: String, seen: Int64, tells: Bool) throws(DatabaseError) -> Bool {
        let update = """
            UPDATE \(schema.nodes) SET seen = $2, expires_at = clock_timestamp() + \(Self.lease)
            WHERE incarnation = $1 RETURNING incarnation
            """
        guard tells else { return try !connection.run(update, [.text(incarnation), .integer(seen)]).isEmpty }
        return try !connection.run(
            "WITH beat AS (\(update)) SELECT pg_notify($3, $4) FROM beat",
            [
                .text(incarnation), .integer(seen), .text(schema.channel), .text(FeedNote.seen(seen, incarnation).text),
            ]
        ).isEmpty
    }

    /// Removes nodes, unless they have sent a newer heartbeat.
    func remove(_ dead: [Membership.Heartbeat]) throws(DatabaseError) {
        for node in dead { try connection.run(sql.removeDead, [.text(node.incarnation), .integer(node.mark)]) }
    }

    func snapshot(_ incarnation: String) throws(DatabaseError) -> Membership.Snapshot {
        let rows = try connection.run(
            """
            SELECT s.last, s.leader, s.term, s.history, n.incarnation, n.seen, n.name, n.address, n.cluster_address,
                (extract(epoch FROM n.joined_at) * 1000)::bigint,
                (extract(epoch FROM n.expires_at - \(Self.lease)) * 1000)::bigint, \(Statements.mark)
            FROM \(schema.state) s LEFT JOIN \(schema.nodes) n ON true ORDER BY n.joined_at
            """)
        guard let first = rows.first, let last = first.integer(0), let history = first.text(3) else {
            throw .failed("the store's tables were emptied")
        }
        let leader = first.text(1)
        var snapshot = Membership.Snapshot(
            history: history, last: last, leader: leader, term: UInt64(bitPattern: first.integer(2) ?? 0), nodes: [])
        for row in rows {
            guard let node = row.text(4), let seen = row.integer(5), let mark = row.integer(11) else { continue }
            let shown = ClusterNode(
                name: row.text(6) ?? "", address: row.text(7) ?? "", clusterAddress: row.text(8) ?? "", isSelf: node == incarnation,
                isLeader: node == leader, joinedAt: Self.moment(row.integer(9)), lastSeen: Self.moment(row.integer(10)))
            snapshot.nodes.append(.init(heartbeat: .init(incarnation: node, mark: mark), seen: seen, shown: shown))
        }
        return snapshot
    }

    /// Converts milliseconds since 1970. A time that is out of range becomes 1970.
    private static func moment(_ milliseconds: Int64?) -> Timestamp {
        let (nanoseconds, isTooFar) = (milliseconds ?? 0).multipliedReportingOverflow(by: 1_000_000)
        return Timestamp(nanoseconds: isTooFar ? 0 : nanoseconds)
    }

    /// Takes the lead, unless a node with a place has it.
    func claimLead(_ incarnation: String) throws(DatabaseError) {
        try connection.run(
            """
            UPDATE \(schema.state) s SET leader = $1, term = s.term + 1
            WHERE s.leader IS NULL OR NOT EXISTS (SELECT 1 FROM \(schema.nodes) n WHERE n.incarnation = s.leader)
            """, [.text(incarnation)])
    }

    func resignLead(_ incarnation: String) throws(DatabaseError) {
        try connection.run("UPDATE \(schema.state) SET leader = NULL WHERE leader = $1", [.text(incarnation)])
    }

    func leave(_ incarnation: String) throws(DatabaseError) {
        try resignLead(incarnation)
        try connection.run("DELETE FROM \(schema.nodes) WHERE incarnation = $1", [.text(incarnation)])
    }
}
