import GRDBSQLite

/// Checks the index over the keys against the table: every row must be found by its key.
///
/// The rows are read in portions, each in a separate snapshot, so that neither writers nor
/// checkpoints wait.
struct IndexCheck: Sendable {
    /// The result of a check.
    enum Finding: Sendable, Hashable {
        case sound
        /// The index does not lead to a row of the table, or cannot be read.
        case damagedIndex
        /// The table itself cannot be read to its end.
        case damagedTable
        /// The check ended early: the store was closed, or the database could not be read.
        case unfinished
    }

    /// The number of rows in a portion.
    static let rowsInAPiece = 2_000

    let connection: Connection

    /// Checks all rows.
    ///
    /// - Parameter mayGoOn: Called before each portion. The check ends early when it returns false.
    func run(mayGoOn: () -> Bool = { true }) -> Finding {
        var last = Int64.min
        while true {
            guard mayGoOn() else { return .unfinished }
            do throws(SQLiteFailure) {
                let piece = try connection.use { (statements) throws(SQLiteFailure) in try Self.piece(after: last, statements) }
                switch piece {
                case .row(let id): last = id
                case .end: return .sound
                case .finding(let finding): return finding
                }
            } catch {
                return error.isCorruption ? .damagedTable : .unfinished
            }
        }
    }

    private enum Piece {
        /// The last row that was checked.
        case row(Int64)
        case end
        case finding(Finding)
    }

    private static func piece(after last: Int64, _ statements: Connection.Statements) throws(SQLiteFailure) -> Piece {
        try statements.inSnapshot { () throws(SQLiteFailure) in
            var (read, id) = (0, last)
            let rows = try statements[.rowsAfter]
            return try rows.run { (rows) throws(SQLiteFailure) in
                try rows.bind(last, at: 1)
                try rows.bind(Int64(rowsInAPiece), at: 2)
                while try rows.step() {
                    guard let next = rows.integer(0), let key = rows.textBytes(1) else { return .finding(.damagedTable) }
                    (read, id) = (read + 1, next)
                    let isFound = try leads(to: next) { () throws(SQLiteFailure) in
                        try statements[.rowOfKey].run { (statement) throws(SQLiteFailure) in
                            try statement.bind(text: key, at: 1)
                            return try statement.step() ? statement.integer(0) : nil
                        }
                    }
                    guard isFound else { return .finding(.damagedIndex) }
                }
                return read < rowsInAPiece ? .end : .row(id)
            }
        }
    }

    /// Returns whether the index leads to the row. A failure to read it counts as damage only if
    /// SQLite reports corruption.
    static func leads(to id: Int64, _ find: () throws(SQLiteFailure) -> Int64?) throws(SQLiteFailure) -> Bool {
        do throws(SQLiteFailure) {
            return try find() == id
        } catch {
            guard error.isCorruption else { throw error }
            return false
        }
    }
}
