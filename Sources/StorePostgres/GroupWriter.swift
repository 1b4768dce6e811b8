import DatabaseClients
import EngineKit
import Logging

/// Writes groups of batches, each group in one transaction. Its calls block, and one thread at a
/// time may use it.
///
/// A transaction begins by locking the row that numbers changes, so the writers of all nodes take
/// turns, and the numbers are in the order of the commits. While the lock is held, all
/// preconditions are checked before anything is changed. A batch with a conflict is left out and
/// the rest is written, as in the SQLite store.
final class GroupWriter {
    /// A batch to write, and the conditions under which it may be written.
    struct Request: Sendable {
        var batch: Batch
        /// The owners whose records it may change.
        var owners: Set<[UInt8]> = []
        /// The term of the leader that ordered the batch, or nil if any node may write it.
        var term: UInt64?
        /// The place of this node when it decided on the batch and sealed it.
        var place: Membership.Place?
    }

    typealias Verdict = Result<Membership.Receipt?, StorageError>

    private let connect: @Sendable () throws(DatabaseError) -> PostgresConnection
    private let sql: Statements
    private let schema: Schema
    private let membership: Membership
    private let logger: Logger
    private var connection: PostgresConnection?

    /// The number of changes kept for nodes that are behind. A node that has missed more drops
    /// everything it has cached.
    private static let changesKept: Int64 = 4_096
    private static let trimEvery: Int64 = 256
    /// The length of the names of changed keys above which a change is recorded without names, as a
    /// change of everything.
    static let keysBytesMax = 256 << 10

    init(
        _ schema: Schema, _ sql: Statements, membership: Membership, logger: Logger,
        connect: @escaping @Sendable () throws(DatabaseError) -> PostgresConnection
    ) {
        self.sql = sql
        self.schema = schema
        self.membership = membership
        self.logger = logger
        self.connect = connect
    }

    /// Writes a group and returns the verdicts, in the order of the requests. Nothing is
    /// acknowledged before COMMIT has returned.
    func commit(_ requests: [Request]) -> [Verdict] {
        switch attempt(requests) {
        case .success(let verdicts): return verdicts
        case .failure(.failed(let reason)) where requests.count > 1:
            // One batch may be the cause, so the others may succeed without it.
            logger.warning("a group of writes was undone; its batches are written one by one", metadata: ["reason": "\(reason)"])
            return requests.flatMap { commit([$0]) }
        case .failure(let error):
            return requests.map { _ in .failure(.unavailable(error.message)) }
        }
    }

    func close() {
        connection?.close()
        connection = nil
    }

    private func attempt(_ requests: [Request]) -> Result<[Verdict], DatabaseError> {
        for isRetry in [false, true] {
            do throws(DatabaseError) {
                let connection = try usable()
                return .success(try write(requests, connection))
            } catch {
                let wasLost = connection?.isLost ?? true
                if wasLost { close() } else { _ = try? connection?.execute("ROLLBACK") }
                // The server ended the session while it was idle, so nothing can have been written.
                if case .unavailable = error, wasLost, !isRetry { continue }
                return .failure(error)
            }
        }
        return .failure(.unavailable("the database cannot be reached"))
    }

    private func usable() throws(DatabaseError) -> PostgresConnection {
        if let connection, connection.isUsable { return connection }
        close()
        let opened = try connect()
        // Must come before any write: a replica may have taken over.
        _ = try StoreHistory.enter(schema, opened)
        connection = opened
        return opened
    }

    private func write(_ requests: [Request], _ connection: PostgresConnection) throws(DatabaseError) -> [Verdict] {
        try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        let (last, found) = try look(connection)
        guard let incarnation = membership.admitted(found) else {
            try connection.run("ROLLBACK")
            return requests.map { _ in .failure(PostgresStorage.cutOff) }
        }
        var changes = GroupChanges(versions: try versions(requests, connection))
        let isWritten: [Result<Bool, StorageError>] = requests.map { request in
            guard membership.stillHolds(request.place) else { return .failure(PostgresStorage.cutOff) }
            guard membership.leads(found, term: request.term) else {
                return .failure(.unavailable("this node is no longer the leader"))
            }
            return changes.apply(request.batch)
        }
        guard !changes.isEmpty else {
            try connection.run("ROLLBACK")
            return isWritten.map { $0.map { _ in nil } }
        }
        let sequence = last + 1
        let allowed = zip(requests, isWritten).reduce(into: Set()) { owners, written in
            if case .success = written.1 { owners.formUnion(written.0.owners) }
        }
        try send(changes, of: allowed, as: sequence, by: incarnation, over: connection)
        membership.began(sequence)
        try finish(sequence, by: incarnation, over: connection)
        membership.wrote(sequence)
        let receipt = membership.receipt(sequence, found)
        return isWritten.map { $0.map { $0 ? receipt : nil } }
    }

    /// Takes the lock that all writers take, removes nodes that have stopped serving, and reads
    /// which nodes there are.
    private func look(_ connection: PostgresConnection) throws(DatabaseError) -> (last: Int64, Membership.Found) {
        guard let state = try connection.run(sql.lock).first, let last = state.integer(0) else {
            throw .failed("the store's tables were emptied")
        }
        for node in membership.dead { try connection.run(sql.removeDead, [.text(node.incarnation), .integer(node.mark)]) }
        return (
            last,
            Membership.Found(
                history: state.text(3) ?? "", leader: state.text(1), term: UInt64(bitPattern: state.integer(2) ?? 0),
                settlesInMilliseconds: state.integer(4) ?? 0, live: try connection.run(sql.liveNodes).compactMap { $0.text(0) })
        )
    }

    /// Returns the versions of the records that the preconditions of a group name.
    private func versions(
        _ requests: [Request], _ connection: PostgresConnection
    ) throws(DatabaseError) -> [RecordPlace: UInt64] {
        var places: [RecordPlace] = []
        for request in requests {
            for mutation in request.batch.mutations where mutation.precondition != .none {
                places.append(RecordPlace(mutation.key))
            }
        }
        guard !places.isEmpty else { return [:] }
        let allowed = requests.reduce(into: Set()) { $0.formUnion($1.owners) }
        var versions: [RecordPlace: UInt64] = [:]
        for (places, statement, values) in sql.versions(of: places, allowed) {
            for row in try connection.run(statement, values) {
                guard let number = row.integer(0), let version = row.integer(1) else { continue }
                versions[places[Int(number) - 1]] = UInt64(bitPattern: version)
            }
        }
        return versions
    }

    private func send(
        _ changes: GroupChanges, of owners: Set<[UInt8]>, as sequence: Int64, by incarnation: String,
        over connection: PostgresConnection
    ) throws(DatabaseError) {
        for (statement, values) in sql.writes(of: changes, owners) { try connection.run(statement, values) }
        try connection.run(
            sql.record,
            [
                .integer(sequence), .text(incarnation), .bytes(changes.keys(bytesMax: Self.keysBytesMax)), .text(schema.channel),
                .text(FeedNote.change(sequence, incarnation).text),
            ])
        if sequence % Self.trimEvery == 0 { try connection.run(sql.trim, [.integer(sequence - Self.changesKept)]) }
    }

    /// Commits the transaction. If the answer is lost, finds out whether it was committed.
    private func finish(_ sequence: Int64, by incarnation: String, over connection: PostgresConnection) throws(DatabaseError) {
        do throws(DatabaseError) {
            try connection.run("COMMIT")
        } catch {
            membership.doubted(sequence)
            guard connection.isLost else { throw error }
            close()
            guard try isFound(sequence, incarnation) else {
                // Not `failed`, after which the batches would be written one by one: the callers
                // choose whether to try again.
                throw .unavailable("the connection to the database was lost before the change was committed; nothing was written")
            }
            logger.notice("the connection to the database was lost during a commit, which had succeeded")
        }
    }

    /// Returns whether a transaction was committed. It takes the writers' lock, which is free only
    /// once that transaction has ended, so the answer is final.
    private func isFound(_ sequence: Int64, _ incarnation: String) throws(DatabaseError) -> Bool {
        var failure = DatabaseError.uncertain(
            "the connection to the database was lost during a commit: whether it succeeded is unknown")
        for _ in 0..<3 {
            do throws(DatabaseError) {
                let connection = try usable()
                try connection.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
                try connection.run(sql.lock)
                let isFound = try !connection.run(sql.find, [.integer(sequence), .text(incarnation)]).isEmpty
                try connection.run("ROLLBACK")
                return isFound
            } catch {
                close()
                if case .failed(let reason) = error { failure = .uncertain(reason) }
            }
        }
        throw failure
    }
}
