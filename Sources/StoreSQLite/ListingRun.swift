import StoreKit
import EngineKit

/// How one list is read from the index: plainly, or with every key held against its row.
protocol ListingRun {
    init(_ statements: Connection.Statements)

    /// The statements that give the keys from one on, and those behind one.
    static var from: SQL { get }
    static var after: SQL { get }

    /// Called before a run, whose search in the index ends at `key`.
    func begin(at key: String) throws(SQLiteFailure)

    /// Returns the key of the row that the statement is at, or nil for one that is to be left out.
    mutating func key(at statement: PreparedStatement) throws(SQLiteFailure) -> String?
}

extension ListingRun {
    /// The names on a page, from key to key; where a folder is to be skipped, another run begins behind it.
    static func names(_ start: ListingPage, _ statements: Connection.Statements) throws(SQLiteFailure) -> [String] {
        var page = start
        var bound: ListingPage.Bound? = page.start
        while let from = bound { bound = try read(&page, from, with: statements) }
        return page.names
    }

    /// Returns the bound to go on from, or nil when the page is full or the list has ended.
    private static func read(
        _ page: inout ListingPage, _ bound: ListingPage.Bound, with statements: Connection.Statements
    ) throws(SQLiteFailure) -> ListingPage.Bound? {
        let (sql, key): (SQL, String) =
            switch bound {
            case .from(let key): (Self.from, key)
            case .after(let key): (Self.after, key)
            }
        var run = Self(statements)
        try run.begin(at: key)
        return try statements[sql].run(key) { (statement) throws(SQLiteFailure) in
            while try statement.step() {
                guard let key = try run.key(at: statement) else { continue }
                switch page.take(key) {
                case .next: continue
                case .seek(let bound): return bound
                case .done: return nil
                }
            }
            return nil
        }
    }
}

/// A list by an index that has been held against the table.
struct TrustedRun: ListingRun {
    static let from = SQL.listFrom
    static let after = SQL.listAfter

    init(_ statements: Connection.Statements) {}

    func begin(at key: String) {}

    /// A key that is not UTF-8 was not written by us; the others are still served.
    func key(at statement: PreparedStatement) -> String? { statement.text(0) }
}
