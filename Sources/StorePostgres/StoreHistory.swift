import DatabaseClients

/// The history of a store: a name in the row of the state for one unbroken sequence of commits.
///
/// A PostgreSQL server that takes over from another may lack its last commits, and so may a
/// restored one. The numbers of changes then mean other changes. Such a server is recognized by its
/// timeline, which every promotion and every point-in-time recovery increments. The first session
/// that meets a timeline which is not in the row begins a new history. A node's place is valid in
/// one history only.
///
/// A new history settles when every node of the old one must have stopped serving by its own clock,
/// even a node whose place was among the lost commits. Until then no write is answered.
enum StoreHistory {
    private static let lease = "make_interval(secs => \(Membership.leaseSeconds))"

    /// Returns the history of this session, after beginning a new one if the timeline is new.
    /// Blocks. Call it once for each session, before the session writes.
    static func enter(_ schema: Schema, _ connection: PostgresConnection) throws(DatabaseError) -> String {
        let timeline = try timeline(connection)
        let known = "SELECT history, timeline FROM \(schema.state)"
        func row(_ sql: String) throws(DatabaseError) -> (history: String, timeline: String) {
            guard let row = try connection.execute(sql).first, row.count == 2, let history = row[0], let timeline = row[1] else {
                throw .failed("the store's tables were emptied")
            }
            return (history, timeline)
        }
        let found = try row(known)
        if !found.history.isEmpty, found.timeline == timeline { return found.history }
        try connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        do throws(DatabaseError) {
            let locked = try row(known + " FOR UPDATE")
            if locked.history.isEmpty || locked.timeline != timeline {
                // The first history of a store settles at once.
                try connection.execute(
                    """
                    UPDATE \(schema.state) SET history = gen_random_uuid()::text, timeline = $1,
                        settled_at = CASE WHEN history = '' THEN clock_timestamp() ELSE clock_timestamp() + \(lease) END
                    """, [timeline])
            }
            let history = try row(known).history
            try connection.execute("COMMIT")
            return history
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// Ends a history, unless another has already begun.
    static func end(
        _ history: String, _ schema: Schema, over connection: PostgresConnection
    ) throws(DatabaseError) {
        try connection.execute(
            """
            UPDATE \(schema.state) SET history = gen_random_uuid()::text, settled_at = clock_timestamp() + \(lease)
            WHERE history = $1
            """, [history])
    }

    /// Returns the timeline of the server. If the server does not reveal it, each start of the
    /// server counts as a timeline.
    private static func timeline(_ connection: PostgresConnection) throws(DatabaseError) -> String {
        do throws(DatabaseError) {
            let rows = try connection.execute("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")
            if let timeline = rows.first?.first.flatMap({ $0 }) { return timeline }
        } catch {
            guard case .failed = error, !connection.isLost else { throw error }
        }
        let rows = try connection.execute("SELECT 'started ' || pg_postmaster_start_time()::text")
        guard let start = rows.first?.first.flatMap({ $0 }) else { throw .failed("the database does not say when it started") }
        return start
    }
}
