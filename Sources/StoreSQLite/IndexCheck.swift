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
        try statements[.beginReading].run()
        defer { try? statements[.commit].run() }
        var (read, id) = (0, last)
        let rows = try statements[.rowsAfter]
        return try rows.run { (rows) throws(SQLiteFailure) in
            try rows.bind(last, at: 1)
            try rows.bind(Int64(rowsInAPiece), at: 2)
            while try rows.step() {
                guard let next = rows.integer(0), let key = rows.textBytes(1) else { return .finding(.damagedTable) }
                (read, id) = (read + 1, next)
                guard isFound(next, key, statements) else { return .finding(.damagedIndex) }
            }
            return read < rowsInAPiece ? .end : .row(id)
        }
    }

    private static func isFound(_ id: Int64, _ key: [UInt8], _ statements: Connection.Statements) -> Bool {
        let found = try? statements[.rowOfKey].run { (statement) throws(SQLiteFailure) in
            try statement.bind(text: key, at: 1)
            return try statement.step() ? statement.integer(0) : nil
        }
        return found == id
    }
}
