import EngineKit
import Glibc

/// Records of requests that are served on one thread, to be written together.
struct AuditGroup: Sendable {
    typealias Outcome = Result<Void, AuditError>

    var entries: [AuditEntry] = []
    /// All but the one who writes.
    var waiters: [UnsafeContinuation<Outcome?, Never>] = []
}

extension AuditBroker {
    static let groupCount = 8

    /// Returns when the lines are on at least one device that records; requests of the same event loop share a `write(2)`.
    ///
    /// The first of a group waits one turn of its executor, in which the event loop serves the other sockets that are
    /// readable; then it writes for all. Groups are kept apart by thread, so that nobody is woken across threads.
    package func gather(_ entry: AuditEntry) async throws(AuditError) {
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

    /// A child task goes to the end of the executor's queue.
    private static func turn() async {}

    private func write(for group: UnfairLock<AuditGroup>) -> AuditGroup.Outcome {
        let gathered = group.withLock { group in
            defer { group = AuditGroup() }
            return group
        }
        let outcome = AuditGroup.Outcome { () throws(AuditError) in try write(gathered.entries) }
        for waiter in gathered.waiters { waiter.resume(returning: outcome) }
        return outcome
    }

    /// Threads that share a group only wake each other.
    private static var groupOfThisThread: Int {
        let mixed = UInt64(pthread_self()) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 32) & (groupCount - 1)
    }
}
