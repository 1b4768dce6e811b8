import EngineKit
import Logging

/// Writes groups of batches, each group in one transaction and with one fsync. Used by one thread
/// at a time.
///
/// All preconditions of a batch are checked before the batch changes anything, so a conflict needs
/// no savepoint: the batch is left out, and the rest of the group is written. Only an error of
/// SQLite undoes the whole group. Each batch is then tried alone, so that a batch that meets a
/// damaged page does not make the others fail.
///
/// After an error of the disk nothing of the group is acknowledged, and the connection is closed
/// and opened again, which discards every page that SQLite had in memory. If the paths of the store
/// no longer lead to the files that were opened (they were removed, or restored under a running
/// server), the writer refuses: such writes would be lost at the next start.
struct GroupWriter {
    typealias Verdict = Result<Void, StorageError>

    private let directory: StoreDirectory
    private let logger: Logger
    private let trust: IndexTrust
    private var connection: Connection?
    private let databaseIdentity: FileIdentity?
    private let logIdentity: FileIdentity?
    private var checkpointAt = Self.checkpointFrames

    /// The length of the log, in pages, at which it is copied into the database. 8 MiB keep the log
    /// small, and share the cost among many commits.
    private static let checkpointFrames = 2_048

    init(_ directory: StoreDirectory, trust: IndexTrust, logger: Logger) throws {
        self.trust = trust
        self.directory = directory
        self.logger = logger
        databaseIdentity = FileIdentity(path: directory.databasePath)
        connection = try Self.open(directory)
        logIdentity = FileIdentity(path: directory.logPath)
    }

    /// Commits a group of batches and returns the verdicts, in the order of the batches. Nothing is
    /// acknowledged before COMMIT has returned.
    mutating func commit(_ batches: [Batch]) -> [Verdict] { commit(batches, isRetry: false) }

    private mutating func commit(_ batches: [Batch], isRetry: Bool) -> [Verdict] {
        let refused = { (error: StorageError) in [Verdict](repeating: .failure(error), count: batches.count) }
        do throws(StorageError) {
            let connection = try usableConnection()
            do throws(SQLiteFailure) {
                let isTrusted = trust.isEarned
                return try connection.use { (statements) throws(SQLiteFailure) in
                    try Self.commit(batches, statements, isIndexTrusted: isTrusted)
                }
            } catch {
                return retried(batches, after: error, isRetry: isRetry) ?? refused(error.unavailable)
            }
        } catch {
            return refused(error)
        }
    }

    /// Copies the log into the database if it is long enough. Called when no commit waits for an
    /// answer.
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
            logger.warning(
                "the checkpoint failed and will be tried again; nothing is lost", metadata: ["error": "\(error.unavailable)"])
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
                // Not even the pages of the index can be freed. VACUUM copies the table into a new
                // file without them.
                try statements.execute("VACUUM")
            }
        }
    }

    /// Copies the log into the database and closes the connection.
    mutating func close() {
        _ = try? connection?.use { (statements) throws(SQLiteFailure) in try statements.checkpoint(isFinal: true) }
        connection?.close()
        connection = nil
    }

    private static func open(_ directory: StoreDirectory) throws -> Connection {
        let opened = try Connection(path: directory.databasePath, .writing)
        // An empty write transaction creates the log.
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

    /// Tries an undone group again, batch by batch. Returns nil if that cannot help.
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

    /// Makes room on a full disk: once all of the log is in the database, the log can be
    /// overwritten.
    private func makeRoomInLog() -> Bool {
        let isDone = try? connection?.use { (statements) throws(SQLiteFailure) in try statements.checkpoint(isFinal: false) }
        return isDone == true
    }
}

extension GroupWriter {
    /// Writes a group in one transaction. Throws if the transaction was undone.
    private static func commit(
        _ batches: [Batch], _ statements: Connection.Statements, isIndexTrusted: Bool
    ) throws(SQLiteFailure) -> [Verdict] {
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(batches.count)
        do throws(SQLiteFailure) {
            try statements[.begin].run()
            for batch in batches { verdicts.append(try apply(batch, statements, isIndexTrusted: isIndexTrusted)) }
            try statements[.commit].run()
            return verdicts
        } catch {
            // After some errors SQLite has already rolled back.
            if statements.isInsideTransaction { try? statements[.rollback].run() }
            throw error
        }
    }

    private static func apply(
        _ batch: Batch, _ statements: Connection.Statements, isIndexTrusted: Bool
    ) throws(SQLiteFailure) -> Verdict {
        // With a damaged index a put would add a second row for its key, after which the index
        // could not be rebuilt, and a delete would leave the row. So every key is looked up first
        // until the index is trusted.
        for mutation in batch.mutations where mutation.precondition != .none || !isIndexTrusted {
            let version = try statements[.version].run(mutation.key) { (statement) throws(SQLiteFailure) in
                try statement.step() ? statement.integer(0) : nil
            }
            guard mutation.precondition.holds(for: version.map(UInt64.init(bitPattern:))) else {
                return .failure(.conflict(key: mutation.key))
            }
            if !isIndexTrusted {
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
            case .put(let value, let version): try put(mutation.key, value, version: version, in: statements)
            case .delete:
                try statements[.delete].run(mutation.key) { (statement) throws(SQLiteFailure) in _ = try statement.step() }
            case .check: break
            }
        }
        return .success(())
    }

    private static func put(
        _ key: String, _ value: [UInt8], version: UInt64, in statements: Connection.Statements
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
