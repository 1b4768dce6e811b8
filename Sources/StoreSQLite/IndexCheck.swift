import GRDBSQLite

/// Holds the index over the keys against the table: every row must be found by its key.
///
/// Pieces of a bounded number of rows, each in a snapshot of its own, so that neither writers nor checkpoints wait.
struct IndexCheck: Sendable {
    enum Finding: Sendable, Hashable {
        case sound
        /// A row of the table is not where the index leads to, or the index cannot be read.
        case damagedIndex
        /// The table itself cannot be read to its end.
        case damagedTable
        /// Closed, or no reading was possible, before it was done.
        case unfinished
    }

    static let rowsInAPiece = 2_000

    let connection: Connection

    /// - Parameter mayGoOn: Asked before each piece.
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
        /// The last one looked at.
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

    /// Whether the index leads to the row. An index that could not be read for another reason than damage is not a damaged one.
    static func leads(to id: Int64, _ find: () throws(SQLiteFailure) -> Int64?) throws(SQLiteFailure) -> Bool {
        do throws(SQLiteFailure) {
            return try find() == id
        } catch {
            guard error.isCorruption else { throw error }
            return false
        }
    }
}
