import GRDB
import GRDBSQLite

/// The tables, and the steps that bring older ones up to date.
enum Schema {
    /// "Cofr" in the header of the file, so that another program's database is not mistaken for a
    /// store.
    static let applicationID = 0x436F_6672

    /// The steps. Step n leads from version n to n + 1, so steps are only ever appended.
    ///
    /// The table has rowids, because values above a few hundred bytes would fill the inner pages of
    /// a WITHOUT ROWID tree. With rowids the index over the keys stays small, and lists read only
    /// the index.
    static let migrations = [
        """
        CREATE TABLE records (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            version INTEGER NOT NULL,
            value BLOB NOT NULL
        ) STRICT
        """
    ]

    /// Creates or updates the tables. A file of another program, or of a newer Coffer, is left
    /// unchanged.
    static func prepare(path: String) throws {
        let database = try DatabaseQueue(path: path, configuration: Connection.configuration(.writing))
        try database.inDatabase { database in
            let found = try version(database, path: path)
            let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            guard mode == "wal" else {
                throw SQLiteStorageError.cannotOpen(path: path, reason: "this file system cannot hold a write-ahead log")
            }
            for (index, migration) in migrations.enumerated().dropFirst(found) {
                try database.inTransaction(.immediate) {
                    try database.execute(sql: migration)
                    try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                    try database.execute(sql: "PRAGMA user_version = \(index + 1)")
                    return .commit
                }
            }
        }
        try database.close()
    }

    private static func version(_ database: Database, path: String) throws -> Int {
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if application == 0, version == 0, try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0 { return 0 }
        guard application == applicationID, version > 0 else { throw SQLiteStorageError.foreignFile(path: path) }
        guard version <= migrations.count else {
            throw SQLiteStorageError.newerSchema(path: path, found: version, known: migrations.count)
        }
        return version
    }
}
