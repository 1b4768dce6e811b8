/// The statements that run while the store is in use. Each connection prepares them once.
enum SQL: Int, CaseIterable {
    case get
    case listFrom
    case listAfter
    case entriesFrom
    case entriesAfter
    case version
    case put
    case delete
    case begin
    case commit
    case rollback
    case keyBefore
    case keyAfter
    case keyOfRow
    case rowsAfter
    case rowOfKey
    case beginReading

    var text: String {
        switch self {
        case .get: "SELECT version, value FROM records WHERE key = ?1"
        case .listFrom: "SELECT key FROM records WHERE key >= ?1 ORDER BY key"
        case .listAfter: "SELECT key FROM records WHERE key > ?1 ORDER BY key"
        case .entriesFrom: "SELECT id, key FROM records WHERE key >= ?1 ORDER BY key"
        case .entriesAfter: "SELECT id, key FROM records WHERE key > ?1 ORDER BY key"
        case .version: "SELECT version FROM records WHERE key = ?1"
        case .put:
            """
            INSERT INTO records (key, version, value) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value
            """
        case .delete: "DELETE FROM records WHERE key = ?1"
        case .begin: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        // These two read the index only, and the next two read the table only.
        case .keyBefore: "SELECT id, key FROM records WHERE key < ?1 ORDER BY key DESC LIMIT 1"
        case .keyAfter: "SELECT id, key FROM records WHERE key > ?1 ORDER BY key LIMIT 1"
        case .keyOfRow: "SELECT key FROM records NOT INDEXED WHERE id = ?1"
        case .rowsAfter: "SELECT id, key FROM records NOT INDEXED WHERE id > ?1 ORDER BY id LIMIT ?2"
        case .rowOfKey: "SELECT id FROM records WHERE key = ?1"
        case .beginReading: "BEGIN"
        }
    }

    /// The statements that a reading connection prepares.
    static let reading: [SQL] = [
        .get, .listFrom, .listAfter, .entriesFrom, .entriesAfter, .keyBefore, .keyAfter, .keyOfRow, .rowsAfter, .rowOfKey,
        .beginReading, .commit,
    ]
}
