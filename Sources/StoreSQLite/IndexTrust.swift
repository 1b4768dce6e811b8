import Synchronization

/// Whether the index over the keys has been held against the table since the store was opened.
///
/// A damaged index does not look damaged: it leads to another place, where the key is not. A record's value is authenticated and
/// its absence is not, so while this is false an absence counts only when the keys beside the place agree with the table.
///
/// Lists wait for it, up to a time: what a damaged page leaves out of them shows nowhere. After that they count only while each key
/// that they come by is what the table has.
final class IndexTrust: Sendable {
    private struct Waiting {
        var isOver = false
        var tasks: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Atomic(false)
    private let waiting = Mutex(Waiting())

    var isEarned: Bool { state.load(ordering: .acquiring) }

    func earn() {
        state.store(true, ordering: .releasing)
        endWaiting()
    }

    /// Nobody waits any more, whether or not the index can be trusted.
    func endWaiting() {
        let tasks = waiting.withLock { waiting in
            defer { waiting = Waiting(isOver: true) }
            return waiting.tasks
        }
        for task in tasks { task.resume() }
    }

    /// Returns when it is earned, or the time for that is over.
    func wait() async {
        guard !isEarned else { return }
        await withCheckedContinuation { task in
            let isOver = waiting.withLock { waiting in
                if !waiting.isOver { waiting.tasks.append(task) }
                return waiting.isOver
            }
            if isOver { task.resume() }
        }
    }
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
            try confirmEntry(found.id, found.key)
        }
    }

    /// For a key that the index leads to a row: throws when that row is another key's.
    func confirmPresence(of sought: String) throws(SQLiteFailure) {
        let id = try self[.rowOfKey].run(sought) { (statement) throws(SQLiteFailure) in
            try statement.step() ? statement.integer(0) : nil
        }
        guard let id, try keyOfRow(id) == Array(sought.utf8) else { throw .damagedRow }
    }

    /// For a key that the index has for a row: throws when the row has another.
    func confirmEntry(_ id: Int64, _ key: [UInt8]) throws(SQLiteFailure) {
        guard try keyOfRow(id) == key else { throw .damagedRow }
    }

    private func keyOfRow(_ id: Int64) throws(SQLiteFailure) -> [UInt8]? {
        try self[.keyOfRow].run { (statement) throws(SQLiteFailure) in
            try statement.bind(id, at: 1)
            return try statement.step() ? statement.textBytes(0) : nil
        }
    }
}
