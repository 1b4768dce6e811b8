import EngineKit

/// A list by an index that has not been held against the table yet: every key that it comes by must be that of its row, and the
/// keys must ascend, or the list is refused.
///
/// So a key that was changed neither shows under a wrong name, nor leads the search astray, nor ends the list early.
enum CheckedList {
    static func read(_ start: ListingPage, _ connection: Connection) -> Result<[String], SQLiteFailure> {
        do throws(SQLiteFailure) {
            return .success(
                try connection.use { (statements) throws(SQLiteFailure) in
                    try statements.inSnapshot { () throws(SQLiteFailure) in
                        var page = start
                        var bound: ListingPage.Bound? = page.start
                        while let from = bound { bound = try readRun(&page, from, statements) }
                        return page.names
                    }
                })
        } catch {
            return .failure(error)
        }
    }

    /// Gives the bound to go on from when a folder is to be skipped.
    private static func readRun(
        _ page: inout ListingPage, _ bound: ListingPage.Bound, _ statements: Connection.Statements
    ) throws(SQLiteFailure) -> ListingPage.Bound? {
        let (sql, key): (SQL, String) =
            switch bound {
            case .from(let key): (.entriesFrom, key)
            case .after(let key): (.entriesAfter, key)
            }
        // Confirms that the index's search ended at the right place.
        try statements.confirmAbsence(of: key)
        var last: [UInt8] = []
        return try statements[sql].run(key) { (statement) throws(SQLiteFailure) in
            while try statement.step() {
                guard let id = statement.integer(0), let bytes = statement.textBytes(1) else { throw .damagedRow }
                try statements.confirmEntry(id, bytes)
                guard last.lexicographicallyPrecedes(bytes) else { throw .damagedRow }
                last = bytes
                // A key that is no UTF-8 was not written by us; the others are still served.
                guard let key = statement.text(1) else { continue }
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
