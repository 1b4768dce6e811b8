import DatabaseClients
import EngineKit
import Synchronization

/// Connects to the database, and after a failure waits before it tries again, so that not every
/// reader tries to connect to a database that cannot be reached.
final class ConnectBackoff: Sendable {
    private struct State {
        var failures = 0
        var until = Timestamp(seconds: 0)
        var reason = ""
    }

    /// The first wait. Each further failure doubles it, up to 32 times this.
    private static let firstWaitNanoseconds: Int64 = 50_000_000
    private static let doublingsMax = 5

    private let time: any TimeSource
    private let connect: @Sendable () throws(DatabaseError) -> PostgresConnection
    private let state = Mutex(State())

    init(time: any TimeSource, connect: @escaping @Sendable () throws(DatabaseError) -> PostgresConnection) {
        self.time = time
        self.connect = connect
    }

    /// Returns a new connection. While waiting after a failure, throws the reason of that failure.
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
                let wait = Self.firstWaitNanoseconds << Int64(state.failures)
                state.failures = min(state.failures + 1, Self.doublingsMax)
                state.until = Timestamp(nanoseconds: end.nanoseconds + wait)
                state.reason = error.message
            }
            throw error
        }
    }
}
