import Synchronization

/// Whether the index over the keys has been checked against the table since the store was opened.
///
/// A damaged index does not look damaged: it leads to a place where the key is not, and the record
/// seems to be absent. A record's value is authenticated, but its absence is not. So until the
/// index is trusted, an absence is believed only if the neighboring keys in the index agree with
/// the table.
///
/// Lists wait for the check for a limited time, because nothing shows what a damaged page leaves
/// out of them. After that time a list is believed only if each of its keys agrees with the table.
final class IndexTrust: Sendable {
    private struct Waiting {
        var isOver = false
        var tasks: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Atomic(false)
    private let waiting = Mutex(Waiting())

    var isEarned: Bool { state.load(ordering: .acquiring) }

    /// Marks the index as checked, and ends all waiting.
    func earn() {
        state.store(true, ordering: .releasing)
        endWaiting()
    }

    /// Ends all waiting, present and future, whether or not the index can be trusted.
    func endWaiting() {
        let tasks = waiting.withLock { waiting in
            defer { waiting = Waiting(isOver: true) }
            return waiting.tasks
        }
        for task in tasks { task.resume() }
    }

    /// Waits until the index is trusted, or until waiting was ended.
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
    /// Checks that a key which the index did not find is really absent.
    ///
    /// A search that a wrong key has misled ends beside that key, so the two neighbors in the index
    /// are compared with the table.
    ///
    /// - Throws: ``SQLiteFailure/damagedRow`` if a neighbor differs from the table.
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

    /// Checks that the row to which the index leads for a key has that key. Throws
    /// ``SQLiteFailure/damagedRow`` if it does not.
    func confirmPresence(of sought: String) throws(SQLiteFailure) {
        let id = try self[.rowOfKey].run(sought) { (statement) throws(SQLiteFailure) in
            try statement.step() ? statement.integer(0) : nil
        }
        guard let id, try keyOfRow(id) == Array(sought.utf8) else { throw .damagedRow }
    }

    /// Checks that a row has the key that the index has for it. Throws ``SQLiteFailure/damagedRow``
    /// if it does not.
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
