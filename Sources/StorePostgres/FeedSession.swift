import DatabaseClients
import EngineKit

/// The feed's own session: notifications, changes, heartbeats. Blocking, and used by one thread at a time.
final class FeedSession {
    struct Change: Sendable {
        var sequence: Int64
        var node: String
        /// nil when they were too many to name.
        var keys: [String]?
    }

    private let connection: PostgresConnection
    private let schema: Schema
    private let sql: Statements
    private static let lease = "make_interval(secs => \(Membership.leaseSeconds))"

    init(_ schema: Schema, _ connection: PostgresConnection) throws(DatabaseError) {
        self.connection = connection
        self.schema = schema
        sql = Statements(schema)
        // A heartbeat that a crash of the database takes back costs this node its place and nothing else.
        try connection.execute("SET synchronous_commit = off")
        try connection.execute("LISTEN \"\(schema.channel)\"")
    }

    func close() { connection.close() }

    func notes(waitingMilliseconds: Int) throws(DatabaseError) -> [FeedNote] {
        try connection.notifications(waitingMilliseconds: waitingMilliseconds).compactMap(FeedNote.init)
    }

    /// Takes a place; the number of the last change. Throws ``PostgresStorageError/notAlone``.
    func join(_ incarnation: String, _ identity: NodeIdentity, isSole: Bool) throws -> Int64 {
        try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        do {
            guard let last = try connection.run(sql.lock).first?.integer(0) else {
                throw DatabaseError.failed("the store's tables were emptied")
            }
            try connection.run(sql.removeExpired)
            let others = try connection.run("SELECT is_sole::int::bigint FROM \(schema.nodes)")
            guard others.isEmpty || !isSole && others.allSatisfy({ $0.integer(0) == 0 }) else {
                throw PostgresStorageError.notAlone
            }
            try connection.run(
                """
                INSERT INTO \(schema.nodes)
                VALUES ($1, $2, $3, $4, $5 = 1, clock_timestamp(), clock_timestamp() + \(Self.lease), $6)
                """,
                [
                    .text(incarnation), .text(identity.name), .text(identity.address), .text(identity.clusterAddress),
                    .integer(isSole ? 1 : 0), .integer(last),
                ])
            try connection.run("COMMIT")
            return last
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// A page of what happened after a number.
    func changes(after position: Int64, limit: Int) throws(DatabaseError) -> [Change] {
        let rows = try connection.run(
            "SELECT seq, node, keys FROM \(schema.changes) WHERE seq > $1 ORDER BY seq LIMIT $2",
            [.integer(position), .integer(Int64(limit))])
        return rows.compactMap { row in
            guard let sequence = row.integer(0), let node = row.text(1) else { return nil }
            let keys = row.bytes(2).map { $0.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }
            return Change(sequence: sequence, node: node, keys: keys)
        }
    }

    /// Says how far this node has come and that it lives. False when it has lost its place.
    func beat(_ incarnation: String, seen: Int64, tells: Bool) throws(DatabaseError) -> Bool {
        let update = """
            UPDATE \(schema.nodes) SET seen = $2, expires_at = clock_timestamp() + \(Self.lease)
            WHERE incarnation = $1 AND expires_at > clock_timestamp() RETURNING incarnation
            """
        guard tells else { return try !connection.run(update, [.text(incarnation), .integer(seen)]).isEmpty }
        return try !connection.run(
            "WITH beat AS (\(update)) SELECT pg_notify($3, $4) FROM beat",
            [
                .text(incarnation), .integer(seen), .text(schema.channel), .text(FeedNote.seen(seen, incarnation).text),
            ]
        ).isEmpty
    }

    func snapshot(_ incarnation: String) throws(DatabaseError) -> Membership.Snapshot {
        try connection.run(sql.removeExpired)
        let rows = try connection.run(
            """
            SELECT s.last, s.leader, s.term, n.incarnation, n.seen, n.name, n.address, n.cluster_address,
                (extract(epoch FROM n.joined_at) * 1000)::bigint,
                (extract(epoch FROM n.expires_at - \(Self.lease)) * 1000)::bigint
            FROM \(schema.state) s LEFT JOIN \(schema.nodes) n ON true ORDER BY n.joined_at
            """)
        guard let first = rows.first, let last = first.integer(0) else { throw .failed("the store's tables were emptied") }
        let leader = first.text(1)
        var snapshot = Membership.Snapshot(
            last: last, leader: leader, term: UInt64(bitPattern: first.integer(2) ?? 0), nodes: [])
        for row in rows {
            guard let node = row.text(3), let seen = row.integer(4) else { continue }
            let shown = ClusterNode(
                name: row.text(5) ?? "", address: row.text(6) ?? "", clusterAddress: row.text(7) ?? "", isSelf: node == incarnation,
                isLeader: node == leader, joinedAt: Timestamp(nanoseconds: (row.integer(8) ?? 0) * 1_000_000),
                lastSeen: Timestamp(nanoseconds: (row.integer(9) ?? 0) * 1_000_000))
            snapshot.nodes.append(.init(incarnation: node, seen: seen, shown: shown))
        }
        return snapshot
    }

    /// Takes the lead, if nobody who lives has it.
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
