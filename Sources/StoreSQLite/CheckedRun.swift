import EngineKit

/// A list by an index that has not been held against the table yet: every key that it comes by must be that of its row, and the
/// keys must ascend, or the list is refused.
///
/// So a key that was changed neither shows under a wrong name, nor leads the search astray, nor ends the list early.
struct CheckedRun: ListingRun {
    static let from = SQL.entriesFrom
    static let after = SQL.entriesAfter

    private let statements: Connection.Statements
    private var last: [UInt8] = []

    init(_ statements: Connection.Statements) { self.statements = statements }

    /// Confirms that the index's search ended at the right place.
    func begin(at key: String) throws(SQLiteFailure) { try statements.confirmAbsence(of: key) }

    mutating func key(at statement: PreparedStatement) throws(SQLiteFailure) -> String? {
        guard let id = statement.integer(0), let bytes = statement.textBytes(1) else { throw .damagedRow }
        try statements.confirmEntry(id, bytes)
        guard last.lexicographicallyPrecedes(bytes) else { throw .damagedRow }
        last = bytes
        // A key that is not UTF-8 was not written by us; the others are still served.
        return statement.text(1)
    }
}
