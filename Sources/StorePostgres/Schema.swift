import DatabaseClients

/// The tables of a store, which `docs/formats/postgresql.md` describes.
struct Schema: Sendable {
    static let version = 2

    let records: String
    let state: String
    let changes: String
    let nodes: String
    /// The channel of notifications. A channel belongs to one database.
    let channel: String

    init(table: String) {
        records = "\"\(table)\""
        state = "\"\(table)_state\""
        changes = "\"\(table)_changes\""
        nodes = "\"\(table)_nodes\""
        channel = table
    }

    /// Creates the tables, or checks that existing ones belong to a store.
    func prepare(_ connection: PostgresConnection) throws(PostgresStorageError) {
        do throws(DatabaseError) {
            try connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            // Nodes that start together take turns creating the tables. The number is "Coffer" in
            // ASCII.
            try connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(74145738417522)")
        } catch {
            throw .unreachable(error.message)
        }
        do {
            try check(connection)
            try connection.execute("COMMIT")
        } catch {
            if !connection.isLost { _ = try? connection.execute("ROLLBACK") }
            throw error as? PostgresStorageError ?? .unreachable((error as? DatabaseError)?.message ?? "it is unusable")
        }
    }

    private func check(_ connection: PostgresConnection) throws {
        let found = try connection.execute("SELECT to_regclass($1), to_regclass($2)", [state, records]).first ?? []
        guard found.first.flatMap({ $0 }) != nil else {
            guard found.last.flatMap({ $0 }) == nil else { throw PostgresStorageError.foreignTable(records) }
            for statement in statements + since2 { try connection.execute(statement) }
            return
        }
        let version = try connection.execute("SELECT schema FROM \(state)").first?.first.flatMap { $0 }.flatMap { Int($0) }
        guard let version, version > 0 else { throw PostgresStorageError.foreignTable(state) }
        guard version <= Self.version else { throw PostgresStorageError.newerSchema(version: version) }
        if version < 2 {
            for statement in since2 { try connection.execute(statement) }
            try connection.execute("UPDATE \(state) SET schema = \(Self.version)")
        }
    }

    private var statements: [String] {
        [
            """
            CREATE TABLE \(records) (
                head bytea NOT NULL, mark bytea NOT NULL, tail bytea NOT NULL, version bigint NOT NULL, value bytea NOT NULL,
                PRIMARY KEY (head, mark))
            """,
            // Encrypted records cannot be compressed.
            "ALTER TABLE \(records) ALTER COLUMN value SET STORAGE EXTERNAL",
            """
            CREATE TABLE \(state) (
                id boolean PRIMARY KEY DEFAULT true CHECK (id), schema int NOT NULL, last bigint NOT NULL,
                leader text, term bigint NOT NULL) WITH (fillfactor = 10)
            """,
            "INSERT INTO \(state) (schema, last, term) VALUES (\(Self.version), 0, 0)",
            "CREATE TABLE \(changes) (seq bigint PRIMARY KEY, node text NOT NULL, keys bytea)",
            """
            CREATE TABLE \(nodes) (
                incarnation text PRIMARY KEY, name text NOT NULL, address text NOT NULL, cluster_address text NOT NULL,
                is_sole boolean NOT NULL, joined_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, seen bigint NOT NULL)
                WITH (fillfactor = 10)
            """,
        ]
    }
    /// The columns that version 2 added. Nodes with version 1 ignore them, so a cluster can be
    /// upgraded node by node.
    private var since2: [String] {
        [
            """
            ALTER TABLE \(state) ADD COLUMN history text NOT NULL DEFAULT '', ADD COLUMN timeline text NOT NULL DEFAULT '',
                ADD COLUMN settled_at timestamptz NOT NULL DEFAULT to_timestamp(0)
            """,
            "ALTER TABLE \(nodes) ADD COLUMN process text NOT NULL DEFAULT ''",
        ]
    }
}
