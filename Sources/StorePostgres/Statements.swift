import DatabaseClients

/// The statements that run while the store is in use.
struct Statements: Sendable {
    /// What reads and writes the records of owners, or nil if their tables are not set up.
    let owners: OwnerStatements?
    let get: String
    let list: ListStatements
    let lock: String
    let versions: String
    let put: String
    let delete: String
    let record: String
    let trim: String
    let find: String
    let removeNode: String
    let removeDead: String
    let liveNodes: String

    /// An expression that differs between two heartbeats of a node: their time, in microseconds.
    static let mark = "(extract(epoch FROM n.expires_at) * 1000000)::bigint"

    init(_ schema: Schema, owners: OwnerStatements?) {
        self.owners = owners
        let (records, state, changes, nodes) = (schema.records, schema.state, schema.changes, schema.nodes)
        get = "SELECT version, value FROM \(records) WHERE head = $1 AND mark = $2"
        list = ListStatements(schema)
        lock = """
            SELECT last, leader, term, history, (extract(epoch FROM settled_at - clock_timestamp()) * 1000)::bigint
            FROM \(state) FOR UPDATE
            """
        versions = """
            SELECT k.number, r.version FROM unnest($1, $2) WITH ORDINALITY AS k (head, mark, number)
            JOIN \(records) r ON r.head = k.head AND r.mark = k.mark
            """
        put = """
            INSERT INTO \(records) (head, mark, tail, version, value) SELECT * FROM unnest($1, $2, $3, $4, $5)
            ON CONFLICT (head, mark) DO UPDATE SET version = excluded.version, value = excluded.value
            """
        delete = """
            DELETE FROM \(records) r USING unnest($1, $2) AS k (head, mark) WHERE r.head = k.head AND r.mark = k.mark
            """
        record = """
            WITH change AS (INSERT INTO \(changes) (seq, node, keys) VALUES ($1, $2, nullif($3, ''::bytea))),
                position AS (UPDATE \(state) SET last = $1)
            SELECT pg_notify($4, $5)
            """
        trim = "DELETE FROM \(changes) WHERE seq <= $1"
        find = "SELECT 1::bigint FROM \(changes) WHERE seq = $1 AND node = $2"
        removeNode = "DELETE FROM \(nodes) WHERE incarnation = $1"
        removeDead = "DELETE FROM \(nodes) n WHERE n.incarnation = $1 AND \(Self.mark) = $2"
        liveNodes = "SELECT incarnation FROM \(nodes)"
    }
}

/// The statements of a listing: `$1` and `$2` are the key that it begins at, `$3` is the number of rows.
struct ListStatements: Sendable {
    var from: String
    var after: String
    /// `$4`, the owner whose keys are listed; nil for a listing of others.
    var owner: [UInt8]?

    /// The parameters beyond the third.
    var extra: [PostgresValue] { owner.map { [.bytes($0)] } ?? [] }

    /// Lists the records that belong to nobody.
    init(_ schema: Schema) {
        (from, after) = (Self.ofNobody(schema, ">="), Self.ofNobody(schema, ">"))
    }

    init(from: String, after: String, owner: [UInt8]? = nil) {
        self.from = from
        self.after = after
        self.owner = owner
    }

    static func ofNobody(_ schema: Schema, _ comparison: String) -> String {
        """
        SELECT head, tail FROM \(schema.records) WHERE head >= $1 AND (head, tail) \(comparison) ($1, $2)
        ORDER BY head, tail LIMIT $3
        """
    }
}
