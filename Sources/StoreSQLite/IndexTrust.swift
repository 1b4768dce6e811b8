import Synchronization

/// Whether the index over the keys has been held against the table since the store was opened.
///
/// A damaged index does not look damaged: it leads to another place, where the key is not. A record's value is authenticated and
/// its absence is not, so while this is false an absence counts only when the keys beside the place agree with the table.
final class IndexTrust: Sendable {
    private let state = Atomic(false)

    var isEarned: Bool { state.load(ordering: .acquiring) }

    func earn() { state.store(true, ordering: .releasing) }
}

extension Connection.Statements {
    /// For a key that the index did not lead to: throws when one of its neighbours there is not what the table has.
    ///
    /// A search that a wrong key on its way has led astray ends beside that very key.
    func confirmAbsence(of key: String) throws(SQLiteFailure) {
        for neighbour in [SQL.keyBefore, .keyAfter] {
            let found = try self[neighbour].run(key) { (statement) throws(SQLiteFailure) -> (id: Int64, key: [UInt8])? in
                guard try statement.step() else { return nil }
                guard let id = statement.integer(0), let key = statement.textBytes(1) else { throw .damagedRow }
                return (id, key)
            }
            guard let found else { continue }
            guard try keyOfRow(found.id) == found.key else { throw .damagedRow }
        }
    }

    /// For a key that the index leads to a row: throws when that row is another key's.
    func confirmPresence(of sought: String) throws(SQLiteFailure) {
        let id = try self[.rowOfKey].run(sought) { (statement) throws(SQLiteFailure) in
            try statement.step() ? statement.integer(0) : nil
        }
        guard let id, try keyOfRow(id) == Array(sought.utf8) else { throw .damagedRow }
    }

    private func keyOfRow(_ id: Int64) throws(SQLiteFailure) -> [UInt8]? {
        try self[.keyOfRow].run { (statement) throws(SQLiteFailure) in
            try statement.bind(id, at: 1)
            return try statement.step() ? statement.textBytes(0) : nil
        }
    }
}
