import EngineKit
import GRDBSQLite

/// An error of SQLite, by its extended result code.
struct SQLiteFailure: Error, Hashable {
    let code: Int32

    /// The error of a connection that was closed, or could not be opened again.
    static let closed = SQLiteFailure(code: SQLITE_MISUSE)

    var primaryCode: Int32 { code & 0xFF }

    var isCorruption: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }

    var isDiskFull: Bool { primaryCode == SQLITE_FULL }

    /// Whether one batch of a group may be the cause, so that the others may succeed without it.
    var mayConcernOneBatch: Bool {
        isCorruption || [SQLITE_FULL, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_NOMEM].contains(primaryCode)
    }

    /// Whether the pages that SQLite holds in memory may no longer match the disk, so that the
    /// connection must be reopened.
    var spoilsConnection: Bool { ![SQLITE_FULL, SQLITE_BUSY, SQLITE_TOOBIG, SQLITE_CONSTRAINT].contains(primaryCode) }

    /// Returns the error of the storage for a failure about a key.
    func storageError(key: String) -> StorageError {
        isCorruption ? .corrupted(key: key) : unavailable
    }

    /// The error of the storage for a failure that is not about a record.
    var unavailable: StorageError {
        switch primaryCode {
        case SQLITE_MISUSE: .unavailable("the store is closed")
        case SQLITE_FULL: .unavailable("the disk is full")
        default: .unavailable("\(String(cString: sqlite3_errstr(code))) (SQLite code \(code))")
        }
    }
}

extension SQLiteFailure {
    /// The error of a row whose columns do not have the types that were written.
    static let damagedRow = SQLiteFailure(code: SQLITE_CORRUPT)
}
