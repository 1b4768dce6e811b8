import StoreKit
import EngineKit

/// How a listing is read from the index: directly, or with every key checked against its row.
protocol ListingRun {
    init(_ statements: Connection.Statements)

    /// The statements that return the keys from a given one on, and those after a given one.
    static var from: SQL { get }
    static var after: SQL { get }

    /// Called before a run. The search in the index ends at `key`.
    func begin(at key: String) throws(SQLiteFailure)

    /// Returns the key of the current row, or nil for one that is to be left out.
    mutating func key(at statement: PreparedStatement) throws(SQLiteFailure) -> String?
}

extension ListingRun {
    /// Returns the names of a page, key by key. Where a folder is skipped, another run begins after it.
    static func names(_ start: ListingPage, _ statements: Connection.Statements) throws(SQLiteFailure) -> [String] {
        var page = start
        var bound: ListingPage.Bound? = page.start
        while let from = bound { bound = try read(&page, from, with: statements) }
        return page.names
    }

    /// Reads one run. Returns the bound to continue from, or nil when the page is full or the listing has ended.
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

/// A listing with an index that has been checked against the table.
struct TrustedRun: ListingRun {
    static let from = SQL.listFrom
    static let after = SQL.listAfter

    init(_ statements: Connection.Statements) {}

    func begin(at key: String) {}

    /// A key that is not UTF-8 was not written by Coffer; the others are still served.
    func key(at statement: PreparedStatement) -> String? { statement.text(0) }
}
