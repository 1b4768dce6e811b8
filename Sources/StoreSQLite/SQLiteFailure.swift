import EngineKit
import GRDBSQLite

/// A result code of SQLite, the extended one.
struct SQLiteFailure: Error, Hashable {
    let code: Int32

    /// A connection that was closed on purpose, or could not be opened again.
    static let closed = SQLiteFailure(code: SQLITE_MISUSE)

    var primaryCode: Int32 { code & 0xFF }

    var isCorruption: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }

    var isDiskFull: Bool { primaryCode == SQLITE_FULL }

    /// The batch may be the cause: its neighbours may do better on their own.
    var mayConcernOneBatch: Bool {
        isCorruption || [SQLITE_FULL, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_NOMEM].contains(primaryCode)
    }

    /// What SQLite knows of the disk may no longer be true: the connection is to be opened anew.
    var spoilsConnection: Bool { ![SQLITE_FULL, SQLITE_BUSY, SQLITE_TOOBIG, SQLITE_CONSTRAINT].contains(primaryCode) }

    func storageError(key: String) -> StorageError {
        isCorruption ? .corrupted(key: key) : unavailable
    }

    var unavailable: StorageError {
        switch primaryCode {
        case SQLITE_MISUSE: .unavailable("the store is closed")
        case SQLITE_FULL: .unavailable("the disk is full")
        default: .unavailable("\(String(cString: sqlite3_errstr(code))) (SQLite code \(code))")
        }
    }
}

extension SQLiteFailure {
    /// A row that is there but has not the types it was written with.
    static let damagedRow = SQLiteFailure(code: SQLITE_CORRUPT)
}
