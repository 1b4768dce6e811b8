import EngineKit
import Logging

/// Writes groups of batches, each group in one transaction and with one fsync. Used by one thread at a time.
///
/// Every precondition of a batch is judged before the batch changes anything, so a conflict needs no savepoint: the
/// batch is left out and the rest goes on. Only an error of SQLite undoes the group; then each batch is tried alone,
/// so that one that meets a damaged page does not take its neighbours along.
///
/// After an error of the disk nothing of the group is acknowledged and the connection is opened anew, which drops
/// every page that SQLite had in memory. When the files under the store's names are not those it opened (removed,
/// restored under a running server), it refuses to write: such writes would be lost with the next start.
struct GroupWriter {
    typealias Verdict = Result<Void, StorageError>

    private let directory: StoreDirectory
    private let logger: Logger
    private let trust: IndexTrust
    private var connection: Connection?
    private let databaseIdentity: FileIdentity?
    private let logIdentity: FileIdentity?
    private var checkpointAt = Self.checkpointFrames

    /// 8 MiB of log: often enough to keep it small, seldom enough to share the cost among many commits.
    private static let checkpointFrames = 2_048

    init(_ directory: StoreDirectory, trust: IndexTrust, logger: Logger) throws {
        self.trust = trust
        self.directory = directory
        self.logger = logger
        databaseIdentity = FileIdentity(path: directory.databasePath)
        connection = try Self.open(directory)
        logIdentity = FileIdentity(path: directory.logPath)
    }

    /// The verdicts on the batches, in their order. Nothing is acknowledged before COMMIT has returned.
    mutating func commit(_ batches: [Batch]) -> [Verdict] { commit(batches, isRetry: false) }

    private mutating func commit(_ batches: [Batch], isRetry: Bool) -> [Verdict] {
        let refused = { (error: StorageError) in [Verdict](repeating: .failure(error), count: batches.count) }
        do throws(StorageError) {
            let connection = try usableConnection()
            do throws(SQLiteFailure) {
                let isTrusted = trust.isEarned
                return try connection.use { (statements) throws(SQLiteFailure) in
                    try Self.commit(batches, statements, isTrusted)
                }
            } catch {
                return retried(batches, after: error, isRetry: isRetry) ?? refused(error.unavailable)
            }
        } catch {
            return refused(error)
        }
    }

    /// Copies the log into the database when it has grown; called when nobody waits for an answer.
    mutating func checkpointIfDue() {
        guard let connection else { return }
        do {
            let (frames, isComplete) = try connection.use { [checkpointAt] (statements) throws(SQLiteFailure) in
                let frames = statements.walFrameCount
                return (frames, frames < checkpointAt ? nil : try statements.checkpoint(isFinal: false))
            }
            guard let isComplete else { return }
            checkpointAt = isComplete ? Self.checkpointFrames : frames + Self.checkpointFrames / 2
        } catch {
            logger.warning("checkpoint failed; nothing is lost, it is tried again", metadata: ["error": "\(error.unavailable)"])
            checkpointAt += Self.checkpointFrames
        }
    }

    /// Rebuilds the index over the keys from the table.
    func rebuildIndex() throws(SQLiteFailure) {
        guard let connection else { throw .closed }
        try connection.use { (statements) throws(SQLiteFailure) in
            do throws(SQLiteFailure) {
                try statements.execute("REINDEX records")
            } catch {
                // Its pages cannot even be freed: a copy of the table leaves them behind.
                try statements.execute("VACUUM")
            }
        }
    }

    mutating func close() {
        _ = try? connection?.use { (statements) throws(SQLiteFailure) in try statements.checkpoint(isFinal: true) }
        connection?.close()
        connection = nil
    }

    private static func open(_ directory: StoreDirectory) throws -> Connection {
        let opened = try Connection(path: directory.databasePath, .writing)
        // An empty write transaction brings the log into being.
        try opened.use { (statements) throws(SQLiteFailure) in
            try statements[.begin].run()
            try statements[.commit].run()
        }
        return opened
    }

    private mutating func usableConnection() throws(StorageError) -> Connection {
        guard FileIdentity(path: directory.databasePath) == databaseIdentity,
            FileIdentity(path: directory.logPath) == logIdentity
        else {
            throw .unavailable("the database file was moved or replaced under the running server: restart it")
        }
        if connection == nil {
            do {
                connection = try Self.open(directory)
                logger.notice("opened the database again")
            } catch {
                throw .unavailable("the database cannot be opened again")
            }
        }
        guard let connection else { throw SQLiteFailure.closed.unavailable }
        return connection
    }

    /// What comes of an undone group; nil when there is nothing to try.
    private mutating func retried(_ batches: [Batch], after failure: SQLiteFailure, isRetry: Bool) -> [Verdict]? {
        if failure.spoilsConnection {
            logger.error("writing failed", metadata: ["error": "\(failure.unavailable)"])
            connection?.close()
            connection = nil
        }
        guard failure.mayConcernOneBatch else { return nil }
        if isRetry || batches.count == 1 && !(failure.isDiskFull && makeRoomInLog()) {
            return [.failure(failure.storageError(key: batches.first?.keys.first ?? ""))]
        }
        if batches.count > 1, failure.isDiskFull { _ = makeRoomInLog() }
        return batches.flatMap { commit([$0], isRetry: true) }
    }

    /// On a full disk: once all of the log is in the database, it can be written over.
    private func makeRoomInLog() -> Bool {
        let isDone = try? connection?.use { (statements) throws(SQLiteFailure) in try statements.checkpoint(isFinal: false) }
        return isDone == true
    }
}

extension GroupWriter {
    /// Throws when the transaction was undone.
    private static func commit(
        _ batches: [Batch], _ statements: Connection.Statements, _ isTrusted: Bool
    ) throws(SQLiteFailure) -> [Verdict] {
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(batches.count)
        do throws(SQLiteFailure) {
            try statements[.begin].run()
            for batch in batches { verdicts.append(try apply(batch, statements, isTrusted)) }
            try statements[.commit].run()
            return verdicts
        } catch {
            // SQLite has already rolled back after some errors.
            if statements.isInsideTransaction { try? statements[.rollback].run() }
            throw error
        }
    }

    private static func apply(
        _ batch: Batch, _ statements: Connection.Statements, _ isTrusted: Bool
    ) throws(SQLiteFailure) -> Verdict {
        // Through a damaged index a put would add a second row for its key, which no rebuild of the index could take, and a
        // delete would leave the row: until the index is trusted every key is looked for first.
        for mutation in batch.mutations where mutation.precondition != .none || !isTrusted {
            let version = try statements[.version].run(mutation.key) { (statement) throws(SQLiteFailure) in
                try statement.step() ? statement.integer(0) : nil
            }
            guard mutation.precondition.holds(for: version.map(UInt64.init(bitPattern:))) else {
                return .failure(.conflict(key: mutation.key))
            }
            if !isTrusted {
                do throws(SQLiteFailure) {
                    if version == nil {
                        try statements.confirmAbsence(of: mutation.key)
                    } else {
                        try statements.confirmPresence(of: mutation.key)
                    }
                } catch {
                    guard error.isCorruption else { throw error }
                    return .failure(.corrupted(key: mutation.key))
                }
            }
        }
        for mutation in batch.mutations {
            switch mutation.change {
            case .put(let value, let version): try put(mutation.key, value, version, statements)
            case .delete:
                try statements[.delete].run(mutation.key) { (statement) throws(SQLiteFailure) in _ = try statement.step() }
            case .check: break
            }
        }
        return .success(())
    }

    private static func put(
        _ key: String, _ value: [UInt8], _ version: UInt64, _ statements: Connection.Statements
    ) throws(SQLiteFailure) {
        let put = try statements[.put]
        try value.withUnsafeBufferPointer { (bytes) throws(SQLiteFailure) in
            try put.run(key) { (statement) throws(SQLiteFailure) in
                try statement.bind(Int64(bitPattern: version), at: 2)
                try statement.bind(bytes, at: 3)
                _ = try statement.step()
            }
        }
    }
}
