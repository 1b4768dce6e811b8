package import EngineKit
import GRDB
import GRDBSQLite
import Glibc
package import Logging
import Synchronization

/// Records in one SQLite file, `coffer.db`, in a directory of its own.
///
/// A commit is on disk when it returns (WAL, `synchronous=FULL`); commits that wait at the same time share a
/// transaction and an fsync. One process at a time holds the directory. Files have mode 0600, a directory made here 0700.
package final class SQLiteStorage: Storage {
    private let directory: StoreDirectory
    private let commits: CommitQueue
    private let readers: ReaderPool
    private let trust: IndexTrust
    private let checking = Mutex<Task<Void, Never>?>(nil)
    private let waiting = Mutex<Task<Void, Never>?>(nil)
    private let logger: Logger
    private let onRepair = Mutex<@Sendable () -> Void>({})

    /// A smaller database is checked before the store is opened, a larger one while it serves.
    private static let bytesCheckedAtOnceMax: Int64 = 64 << 20

    private static let pauseBetweenChecks = Duration.seconds(60)

    /// Throws ``SQLiteStorageError``.
    ///
    /// Holds the index over the keys against the table, and rebuilds it where it is damaged.
    package convenience init(directory path: String, logger: Logger) throws(SQLiteStorageError) {
        try self.init(directory: path, bytesCheckedAtOnceMax: Self.bytesCheckedAtOnceMax, logger: logger)
    }

    /// - Parameter listsWait: How long lists wait for the check of the index after the store was opened.
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

    /// Called after an index was rebuilt under way: what was read as absent may be there.
    package func onRepair(_ handler: @escaping @Sendable () -> Void) { onRepair.withLock { $0 = handler } }

    /// Waits for a check that goes on while the store serves; for tests.
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

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try readers.get(key)
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try await readers.list(listing)
    }

    package func commit(_ batch: Batch) async throws(StorageError) {
        guard !batch.isEmpty else { return }
        try batch.validate()
        try await commits.commit(batch)
    }

    /// Finishes the commits it has accepted, then closes the files. What comes later gets `.unavailable`.
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

    /// As many as threads that read at once.
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
