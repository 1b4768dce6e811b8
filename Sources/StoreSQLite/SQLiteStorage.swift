package import EngineKit
import GRDB
import GRDBSQLite
import Glibc
package import Logging
import Synchronization

/// A store in one SQLite file, `coffer.db`, in a directory that only this store uses.
///
/// A commit is on disk when it returns (WAL, `synchronous=FULL`). Commits that wait at the same
/// time share a transaction and an fsync. Only one process at a time can open the directory. Files
/// have mode 0600; a directory that is created here has 0700.
package final class SQLiteStorage: Storage {
    private let directory: StoreDirectory
    private let commits: CommitQueue
    private let readers: ReaderPool
    private let trust: IndexTrust
    private let checking = Mutex<Task<Void, Never>?>(nil)
    private let waiting = Mutex<Task<Void, Never>?>(nil)
    private let logger: Logger
    private let onRepair = Mutex<@Sendable () -> Void>({})

    /// The size up to which a database is checked before the store opens. A larger one is checked
    /// while it is in use.
    private static let bytesCheckedAtOnceMax: Int64 = 64 << 20

    private static let pauseBetweenChecks = Duration.seconds(60)

    /// Opens the store in a directory, which is created if it is missing, checks the index over the
    /// keys against the table, and rebuilds it if it is damaged.
    package convenience init(directory path: String, logger: Logger) throws(SQLiteStorageError) {
        try self.init(directory: path, bytesCheckedAtOnceMax: Self.bytesCheckedAtOnceMax, logger: logger)
    }

    /// Opens the store with other limits than the default ones, for tests.
    ///
    /// - Parameters:
    ///   - bytesCheckedAtOnceMax: The size of the database up to which its index is checked before this returns.
    ///   - listsWait: How long lists wait for a check of the index that continues after this returned.
    package init(
        directory path: String, bytesCheckedAtOnceMax: Int64, listsWait: Duration = .seconds(10), logger: Logger
    ) throws(SQLiteStorageError) {
        guard sqlite3_libversion_number() >= 3_037_000 else {
            throw .libraryTooOld(version: String(cString: sqlite3_libversion()))
        }
        let directory = try StoreDirectory(path, logger: logger)
        let trust = IndexTrust()
        let checker: Connection
        var finding = IndexCheck.Finding.unfinished
        do {
            try Schema.prepare(path: directory.databasePath)
            let writer = try GroupWriter(directory, trust: trust, logger: logger)
            checker = try Connection(path: directory.databasePath, .reading)
            if directory.databaseBytes <= bytesCheckedAtOnceMax {
                finding = Self.repair(checker, logger).run { () throws(SQLiteFailure) in try writer.rebuildIndex() }
                if finding == .sound { trust.earn() }
            }
            commits = CommitQueue(writer)
            readers = try ReaderPool(path: directory.databasePath, count: Self.readerCount, trust: trust)
        } catch {
            throw Self.openingError(error, path: directory.databasePath)
        }
        self.directory = directory
        self.trust = trust
        self.logger = logger
        if finding == .unfinished {
            checkWhileServing(checker)
            endWaiting(after: listsWait)
        } else {
            checker.close()
            trust.endWaiting()
        }
    }

    private func endWaiting(after pause: Duration) {
        guard pause > .zero else { return trust.endWaiting() }
        let task = Task.detached { [trust] in
            try? await Task.sleep(for: pause)
            trust.endWaiting()
        }
        waiting.withLock { $0 = task }
    }

    /// Sets a handler that is called after an index was rebuilt while the store was in use. Records
    /// that were read as absent before may exist, so caches must be dropped.
    package func onRepair(_ handler: @escaping @Sendable () -> Void) { onRepair.withLock { $0 = handler } }

    /// Waits for a check of the index that continues while the store is in use, for tests.
    package func waitForCheck() async { await checking.withLock { $0 }?.value }

    private func checkWhileServing(_ checker: Connection) {
        let task = Task.detached(priority: .background) { [commits, trust, logger, weak self] in
            let finding = await Self.repair(checker, logger).runUntilFinished(
                mayGoOn: { !Task.isCancelled },
                pause: { try? await Task.sleep(for: Self.pauseBetweenChecks) },
                rebuild: { [weak self] in
                    let rebuilt = await commits.rebuildIndex()
                    self?.onRepair.withLock { $0 }()
                    return rebuilt
                })
            if finding == .sound { trust.earn() } else { trust.endWaiting() }
            checker.close()
        }
        checking.withLock { $0 = task }
    }

    private static func repair(_ checker: Connection, _ logger: Logger) -> IndexRepair {
        IndexRepair(check: { IndexCheck(connection: checker).run(mayGoOn: $0) }, logger: logger)
    }

    /// Returns the record with this key, or nil if there is none.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try readers.get(key)
    }

    /// Returns a page of names below a prefix.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try await readers.list(listing)
    }

    /// Commits a batch: all of it or nothing. It is on disk when this returns.
    package func commit(_ batch: Batch) async throws(StorageError) {
        guard !batch.isEmpty else { return }
        try batch.validate()
        try await commits.commit(batch)
    }

    /// Finishes the accepted commits and closes the files. Later calls throw
    /// ``StorageError/unavailable(_:)``.
    package func close() async {
        waiting.withLock { $0?.cancel() }
        trust.endWaiting()
        let check = checking.withLock { $0 }
        check?.cancel()
        await check?.value
        readers.close()
        await commits.close()
        directory.unlock()
    }

    /// The number of reading connections: one for each thread that may read at the same time.
    private static var readerCount: Int { min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 2), 8) }

    private static func openingError(_ error: any Error, path: String) -> SQLiteStorageError {
        switch error {
        case let error as SQLiteStorageError: error
        case let error as DatabaseError where error.resultCode == .SQLITE_NOTADB: .foreignFile(path: path)
        case let error as DatabaseError: .cannotOpen(path: path, reason: "\(error.extendedResultCode)")
        case let error as SQLiteFailure: .cannotOpen(path: path, reason: "\(error.unavailable)")
        default: .cannotOpen(path: path, reason: "\(type(of: error))")
        }
    }
}
