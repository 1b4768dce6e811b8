import GRDB
import GRDBSQLite

/// A connection and its prepared statements, used by one thread at a time.
///
/// `@unchecked`: the statements are touched only inside `DatabaseQueue.inDatabase`, which is
/// serial.
final class Connection: @unchecked Sendable {
    /// What a connection is used for. One connection writes.
    enum Purpose {
        case writing
        case reading
    }

    private let database: DatabaseQueue
    // Nil once the connection is closed.
    private var statements: Statements?

    /// Opens a database file, which must exist, have the schema and be in WAL mode.
    init(path: String, _ purpose: Purpose) throws {
        database = try DatabaseQueue(path: path, configuration: Self.configuration(purpose))
        statements = try database.inDatabase { database in
            guard let handle = database.sqliteConnection else { throw SQLiteFailure.closed }
            return try Statements(handle, purpose)
        }
    }

    /// Waits for the connection, then runs `body` with its statements.
    func use<Result>(_ body: (Statements) throws(SQLiteFailure) -> Result) throws(SQLiteFailure) -> Result {
        let result = database.inDatabase { _ -> Swift.Result<Result, SQLiteFailure> in
            guard let statements else { return .failure(.closed) }
            do throws(SQLiteFailure) {
                return .success(try body(statements))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Closes the connection. Further calls of ``use(_:)`` throw ``SQLiteFailure/closed``.
    func close() {
        database.inDatabase { _ in statements = nil }
        // This fails only while statements exist; the connection is then closed with the last of
        // them.
        try? database.close()
    }

    static func configuration(_ purpose: Purpose) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = purpose == .reading
        configuration.foreignKeysEnabled = false
        // Only a checkpoint, or a backup by another program, ever holds a lock.
        configuration.busyMode = .timeout(5)
        // GRDB would stop the process for an open transaction; the writer ends its own
        // transactions.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            // A truncated file causes SIGBUS when it is mapped, and an error when it is read with
            // read(2).
            try database.execute(
                sql: """
                    PRAGMA mmap_size = 0;
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    PRAGMA temp_store = MEMORY;
                    """)
            try database.execute(sql: "PRAGMA cache_size = -\(purpose == .writing ? 8_192 : 2_048)")
            guard purpose == .writing else { return }
            // secure_delete overwrites deleted records, which makes deleting about an eighth
            // slower.
            try database.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA secure_delete = ON;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA journal_size_limit = \(64 << 20);
                    """)
        }
        return configuration
    }
}

extension Connection {
    /// The statements of a connection, for the thread that uses it.
    final class Statements {
        private let handle: OpaquePointer
        private var prepared: [PreparedStatement?]
        private let walFrames: UnsafeMutablePointer<Int32>

        init(_ handle: OpaquePointer, _ purpose: Purpose) throws {
            self.handle = handle
            prepared = Array(repeating: nil, count: SQL.allCases.count)
            walFrames = .allocate(capacity: 1)
            walFrames.initialize(to: 0)
            for sql in purpose == .writing ? SQL.allCases : SQL.reading {
                prepared[sql.rawValue] = try PreparedStatement(handle, sql.text)
            }
            guard purpose == .writing else { return }
            sqlite3_wal_hook(
                handle,
                { context, _, _, frames in
                    context?.assumingMemoryBound(to: Int32.self).pointee = frames
                    return SQLITE_OK
                }, walFrames)
        }

        deinit {
            sqlite3_wal_hook(handle, nil, nil)
            walFrames.deallocate()
        }

        subscript(sql: SQL) -> PreparedStatement {
            get throws(SQLiteFailure) {
                guard let statement = prepared[sql.rawValue] else { throw .closed }
                return statement
            }
        }

        /// Executes a statement that is too rare to be prepared.
        func execute(_ sql: String) throws(SQLiteFailure) { try PreparedStatement(handle, sql).run() }

        /// Runs `body` in a read transaction, so that all its reads see the same state of the
        /// database.
        func inSnapshot<Result>(_ body: () throws(SQLiteFailure) -> Result) throws(SQLiteFailure) -> Result {
            try self[.beginReading].run()
            // After some errors SQLite has already ended the transaction.
            defer { if isInsideTransaction { try? self[.commit].run() } }
            return try body()
        }

        var isInsideTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

        /// The length of the write-ahead log after the last commit, in pages.
        var walFrameCount: Int { Int(walFrames.pointee) }

        /// Copies the write-ahead log into the database, as far as readers allow.
        ///
        /// - Returns: Whether all of it was copied.
        func checkpoint(isFinal: Bool) throws(SQLiteFailure) -> Bool {
            var frames: Int32 = 0
            var copied: Int32 = 0
            let mode = isFinal ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
            let code = sqlite3_wal_checkpoint_v2(handle, nil, mode, &frames, &copied)
            guard code == SQLITE_OK else { throw SQLiteFailure(code: sqlite3_extended_errcode(handle)) }
            return frames == copied
        }
    }
}
