import EngineKit

/// A listing with an index that has not been checked against the table yet. Every key of the index must be that of its row,
/// and the keys must ascend; otherwise the listing is refused.
///
/// A damaged key therefore does not appear under a wrong name, mislead the search, or end the listing early.
struct CheckedRun: ListingRun {
    static let from = SQL.entriesFrom
    static let after = SQL.entriesAfter

    private let statements: Connection.Statements
    private var last: [UInt8] = []

    init(_ statements: Connection.Statements) { self.statements = statements }

    /// Checks that the search in the index ended at the right place.
    func begin(at key: String) throws(SQLiteFailure) { try statements.confirmAbsence(of: key) }

    mutating func key(at statement: PreparedStatement) throws(SQLiteFailure) -> String? {
        guard let id = statement.integer(0), let bytes = statement.textBytes(1) else { throw .damagedRow }
        try statements.confirmEntry(id, bytes)
        guard last.lexicographicallyPrecedes(bytes) else { throw .damagedRow }
        last = bytes
        // A key that is not UTF-8 was not written by Coffer; the others are still served.
        return statement.text(1)
    }
}
