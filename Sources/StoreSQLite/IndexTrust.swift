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
            let kept = try self[.keyOfRow].run { (statement) throws(SQLiteFailure) in
                try statement.bind(found.id, at: 1)
                return try statement.step() ? statement.textBytes(0) : nil
            }
            guard kept == found.key else { throw .damagedRow }
        }
    }
}
