import GRDBSQLite

/// A prepared statement of a connection, used only while that connection is held.
///
/// It calls SQLite directly, because GRDB's statements copy values through `Data` and stop the
/// process on a binding error.
final class PreparedStatement {
    private let connection: OpaquePointer
    private let handle: OpaquePointer

    // SQLITE_TRANSIENT, a macro with a cast, which Swift does not import.
    private static var copiesIt: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    init(_ connection: OpaquePointer, _ sql: String) throws(SQLiteFailure) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteFailure(code: code) }
        self.connection = connection
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs the statement to its end, ignoring its rows.
    func run() throws(SQLiteFailure) {
        defer { reset() }
        while try step() {}
    }

    /// Runs the statement. `body` binds the parameters, steps and reads.
    func run<Result>(_ body: (PreparedStatement) throws(SQLiteFailure) -> Result) throws(SQLiteFailure) -> Result {
        defer { reset() }
        return try body(self)
    }

    /// Runs the statement with `key` as its first parameter. `body` binds the others, steps and
    /// reads.
    func run<Result>(
        _ key: String, _ body: (PreparedStatement) throws(SQLiteFailure) -> Result
    ) throws(SQLiteFailure) -> Result {
        defer { reset() }
        try check(sqlite3_bind_text(handle, 1, key, Int32(key.utf8.count), Self.copiesIt))
        return try body(self)
    }

    /// Binds UTF-8 text, which is copied.
    func bind(text bytes: [UInt8], at index: Int32) throws(SQLiteFailure) {
        try check(
            bytes.withUnsafeBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    sqlite3_bind_text(handle, index, text.baseAddress, Int32(text.count), Self.copiesIt)
                }
            })
    }

    func bind(_ value: Int64, at index: Int32) throws(SQLiteFailure) {
        try check(sqlite3_bind_int64(handle, index, value))
    }

    /// Binds a blob, which must stay valid until the statement has run.
    func bind(_ value: UnsafeBufferPointer<UInt8>, at index: Int32) throws(SQLiteFailure) {
        guard let address = value.baseAddress, !value.isEmpty else {
            return try check(sqlite3_bind_zeroblob(handle, index, 0))
        }
        try check(sqlite3_bind_blob(handle, index, address, Int32(value.count), nil))
    }

    /// Advances to the next row. Returns false after the last one.
    func step() throws(SQLiteFailure) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        default: throw SQLiteFailure(code: sqlite3_extended_errcode(connection))
        }
    }

    /// Returns the integer in a column, or nil if the column holds something else.
    func integer(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_INTEGER ? sqlite3_column_int64(handle, column) : nil
    }

    /// Returns the blob in a column, or nil if the column holds something else.
    func blob(_ column: Int32) -> [UInt8]? {
        guard sqlite3_column_type(handle, column) == SQLITE_BLOB else { return nil }
        let address = sqlite3_column_blob(handle, column)
        return [UInt8](UnsafeRawBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// Returns the text in a column, or nil if the column holds something else, or invalid UTF-8.
    func text(_ column: Int32) -> String? {
        guard sqlite3_column_type(handle, column) == SQLITE_TEXT, let address = sqlite3_column_text(handle, column) else {
            return nil
        }
        let bytes = UnsafeBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column)))
        return String(validating: bytes, as: UTF8.self)
    }

    /// Returns the bytes of the text in a column, valid UTF-8 or not, or nil if the column holds
    /// something else.
    func textBytes(_ column: Int32) -> [UInt8]? {
        guard sqlite3_column_type(handle, column) == SQLITE_TEXT, let address = sqlite3_column_text(handle, column) else {
            return nil
        }
        return [UInt8](UnsafeRawBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// Ends the read snapshot, and unbinds parameters, which may no longer be valid.
    private func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func check(_ code: Int32) throws(SQLiteFailure) {
        guard code == SQLITE_OK else { throw SQLiteFailure(code: code) }
    }
}
