import EngineKit
import Glibc

/// The records of requests that are served on the same thread and written together.
struct AuditGroup: Sendable {
    /// The result of recording.
    typealias Outcome = Result<Void, AuditError>

    var entries: [AuditEntry] = []
    /// The requests that wait for the first one of the group, which writes for all.
    var waiters: [UnsafeContinuation<Outcome?, Never>] = []
}

extension AuditBroker {
    /// The number of groups; a power of two.
    static let groupCount = 8

    /// Records an entry: returns when its lines are on at least one device that records. Requests of the same event loop share
    /// one `write(2)`.
    ///
    /// The first request of a group waits one turn of its executor, during which the event loop serves the other sockets that
    /// are readable, and then writes for all of them. Groups are separated by thread, so that no request is resumed from
    /// another thread.
    ///
    /// - Throws: ``AuditError/notRecorded`` if every device failed, or ``AuditError/closed``.
    package func record(_ entry: AuditEntry) async throws(AuditError) {
        guard try !open().isEmpty else { return }
        let group = groups[Self.groupOfThisThread]
        let joined: AuditGroup.Outcome? = await withUnsafeContinuation { waiter in
            let isFirst = group.withLock { group in
                group.entries.append(entry)
                guard group.entries.count > 1 else { return true }
                group.waiters.append(waiter)
                return false
            }
            if isFirst { waiter.resume(returning: nil) }
        }
        if let joined { return try joined.get() }
        async let turn: Void = Self.turn()
        await turn
        try write(for: group).get()
    }

    /// Does nothing. A child task that runs it is scheduled at the end of the executor's queue.
    private static func turn() async {}

    /// Writes the group's records and resumes the requests that wait for them.
    private func write(for group: UnfairLock<AuditGroup>) -> AuditGroup.Outcome {
        let gathered = group.withLock { group in
            defer { group = AuditGroup() }
            return group
        }
        let outcome = AuditGroup.Outcome { () throws(AuditError) in try write(gathered.entries) }
        for waiter in gathered.waiters { waiter.resume(returning: outcome) }
        return outcome
    }

    /// The index of this thread's group. Threads that share one only resume each other's requests.
    private static var groupOfThisThread: Int {
        let mixed = UInt64(pthread_self()) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 32) & (groupCount - 1)
    }
}
