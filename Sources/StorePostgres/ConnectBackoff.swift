import DatabaseClients
import EngineKit
import Synchronization

/// Keeps a database that cannot be reached from being asked by every reader at once.
final class ConnectBackoff: Sendable {
    private struct State {
        var failures = 0
        var until = Timestamp(seconds: 0)
        var reason = ""
    }

    private let time: any TimeSource
    private let connect: @Sendable () throws(DatabaseError) -> PostgresConnection
    private let state = Mutex(State())

    init(time: any TimeSource, connect: @escaping @Sendable () throws(DatabaseError) -> PostgresConnection) {
        self.time = time
        self.connect = connect
    }

    func connection() throws(DatabaseError) -> PostgresConnection {
        let now = time.now()
        if let reason = state.withLock({ now < $0.until ? $0.reason : nil }) { throw .unavailable(reason) }
        do throws(DatabaseError) {
            let connection = try connect()
            state.withLock { $0 = State() }
            return connection
        } catch {
            let end = time.now()
            state.withLock { state in
                state.failures = min(state.failures + 1, 6)
                state.until = Timestamp(nanoseconds: end.nanoseconds + Int64(25_000_000) << Int64(state.failures))
                state.reason = error.message
            }
            throw error
        }
    }
}
