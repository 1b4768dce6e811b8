package import EngineKit
import Synchronization

/// A connection of a ``ConnectionPool``. One thread uses it at a time.
package protocol PooledConnection: AnyObject, Sendable {
    /// Whether the connection can be used again. False if its state is unknown or the server has closed it.
    var isUsable: Bool { get }
    /// Closes the connection.
    func close()
}

/// A bounded pool of connections to one server. A connection is used again until it has reached its lifetime.
package final class ConnectionPool<Connection: PooledConnection>: Sendable {
    /// The bounds of a pool.
    package struct Limits: Sendable, Hashable {
        /// The largest number of connections at the same time.
        package var open: Int
        /// The largest number of idle connections.
        package var idle: Int
        /// How long a connection is used, in seconds; 0 for no limit.
        package var lifetime: Int

        /// Creates bounds.
        package init(open: Int = 4, idle: Int = 2, lifetime: Int = 0) {
            self.open = open
            self.idle = idle
            self.lifetime = lifetime
        }
    }

    private struct Idle {
        var connection: Connection
        var openedAt: Timestamp
    }

    private struct State {
        var idle: [Idle] = []
        var isClosed = false
    }

    private let limits: Limits
    private let time: any TimeSource
    private let threads: BlockingThreads
    private let connect: @Sendable () throws(DatabaseError) -> Connection
    private let gate: Gate
    private let state = Mutex(State())

    private static var waitSecondsMax: Int { 30 }

    /// Creates a pool whose connections `connect` opens.
    package init(
        limits: Limits, time: any TimeSource, threads: BlockingThreads = .shared, waitingMax: Int = 256,
        connect: @escaping @Sendable () throws(DatabaseError) -> Connection
    ) {
        self.limits = limits
        self.time = time
        self.threads = threads
        self.connect = connect
        gate = Gate(widthMax: limits.open, waitingMax: waitingMax)
    }

    deinit { close() }

    /// Runs blocking work with a connection, on a thread for blocking calls.
    package func use<Success: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(DatabaseError) -> Success
    ) async throws(DatabaseError) -> Success {
        let asked = time.now()
        guard await gate.enter() else { throw .busy }
        defer { gate.leave() }
        guard time.now() < asked.adding(seconds: Self.waitSecondsMax) else { throw .busy }
        return try await threads.run { [self] () throws(DatabaseError) -> Success in
            let used = try take()
            defer { giveBack(used) }
            return try body(used.connection)
        }
    }

    private func take() throws(DatabaseError) -> Idle {
        while let idle = state.withLock({ $0.idle.popLast() }) {
            if isYoung(idle), idle.connection.isUsable { return idle }
            idle.connection.close()
        }
        return Idle(connection: try connect(), openedAt: time.now())
    }

    private func giveBack(_ used: Idle) {
        let isKept =
            used.connection.isUsable && isYoung(used)
            && state.withLock { state in
                guard !state.isClosed, state.idle.count < limits.idle else { return false }
                state.idle.append(used)
                return true
            }
        if !isKept { used.connection.close() }
    }

    private func isYoung(_ idle: Idle) -> Bool {
        limits.lifetime == 0 || time.now() < idle.openedAt.adding(seconds: limits.lifetime)
    }

    /// Closes idle connections that have reached their lifetime.
    package func prune() {
        let old = state.withLock { state in
            let old = state.idle.filter { !isYoung($0) }
            state.idle.removeAll { !isYoung($0) }
            return old
        }
        for idle in old { idle.connection.close() }
    }

    /// Closes all connections: idle ones at once, those in use when they are returned.
    package func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for idle in idle { idle.connection.close() }
    }
}
