/// Every statement that runs while the store serves, prepared once a connection.
enum SQL: Int, CaseIterable {
    case get
    case listFrom
    case listAfter
    case version
    case put
    case delete
    case begin
    case commit
    case rollback

    var text: String {
        switch self {
        case .get: "SELECT version, value FROM records WHERE key = ?1"
        case .listFrom: "SELECT key FROM records WHERE key >= ?1 ORDER BY key"
        case .listAfter: "SELECT key FROM records WHERE key > ?1 ORDER BY key"
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
        }
    }

    static let reading: [SQL] = [.get, .listFrom, .listAfter]
}
