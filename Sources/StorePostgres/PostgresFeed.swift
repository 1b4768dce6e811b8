import DatabaseClients
import Synchronization

/// The database session of the feed, on a separate thread because libpq blocks.
final class PostgresFeed: FeedDatabase {
    private let schema: Schema
    private let connect: @Sendable () throws(DatabaseError) -> PostgresConnection
    private let session = Mutex<FeedSession?>(nil)
    private let thread = BlockingThreads(threadsMax: 1, queueMax: 16)
    /// The thread for ``leaveApart(_:)``, which must not wait for the other calls.
    private let threadApart = BlockingThreads(threadsMax: 1, queueMax: 2)

    init(_ schema: Schema, connect: @escaping @Sendable () throws(DatabaseError) -> PostgresConnection) {
        self.schema = schema
        self.connect = connect
    }

    func history() async throws -> String { try await onThread { session throws(DatabaseError) in session.history } }

    func endHistory(_ history: String) async throws {
        try await onThread { session throws(DatabaseError) in try session.endHistory(history) }
    }

    func notes(waitingMilliseconds: Int) async throws -> [FeedNote] {
        try await onThread { session throws(DatabaseError) in try session.notes(waitingMilliseconds: waitingMilliseconds) }
    }

    func join(_ joining: Joining) async throws -> Joined {
        let outcome = try await onThread { session throws(DatabaseError) -> Result<Joined, PostgresStorageError> in
            do {
                return .success(try session.join(joining))
            } catch let error as PostgresStorageError {
                return .failure(error)
            } catch {
                throw error as? DatabaseError ?? .failed("the node could not take a place in the cluster")
            }
        }
        return try outcome.get()
    }

    func page(after position: Int64, limit: Int) async throws -> FeedPage {
        try await onThread { session throws(DatabaseError) in try session.page(after: position, limit: limit) }
    }

    func beat(_ incarnation: String, seen: Int64, tells: Bool) async throws -> Bool {
        try await onThread { session throws(DatabaseError) in try session.beat(incarnation, seen: seen, tells: tells) }
    }

    func snapshot(_ incarnation: String, removing dead: [Membership.Heartbeat]) async throws -> Membership.Snapshot {
        try await onThread { session throws(DatabaseError) in
            try session.remove(dead)
            return try session.snapshot(incarnation)
        }
    }

    func claimLead(_ incarnation: String) async throws {
        try await onThread { session throws(DatabaseError) in try session.claimLead(incarnation) }
    }

    func resignLead(_ incarnation: String) async throws {
        try await onThread { session throws(DatabaseError) in try session.resignLead(incarnation) }
    }

    func leave(_ incarnation: String) async throws {
        try await onThread { session throws(DatabaseError) in try session.leave(incarnation) }
    }

    func leaveApart(_ incarnation: String) async throws {
        try await threadApart.run { [schema, connect] () throws(DatabaseError) in
            let session = try FeedSession(schema, try connect())
            defer { session.close() }
            try session.leave(incarnation)
        }
    }

    func disconnect() async {
        _ = try? await thread.run { [self] () throws(DatabaseError) in
            session.withLock { session in
                session?.close()
                session = nil
            }
        }
    }

    private func onThread<Success: Sendable>(
        _ body: @escaping @Sendable (FeedSession) throws(DatabaseError) -> Success
    ) async throws -> Success {
        try await thread.run { [self] () throws(DatabaseError) in
            try session.withLock { (held: inout sending FeedSession?) throws(DatabaseError) -> Success in
                let session: FeedSession
                if let held {
                    session = held
                } else {
                    session = try FeedSession(schema, try connect())
                    held = session
                }
                return try body(session)
            }
        }
    }
}
