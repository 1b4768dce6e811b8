package import EngineKit
import GRDB
import GRDBSQLite
import Glibc
package import Logging

/// Records in one SQLite file, `coffer.db`, in a directory of its own.
///
/// A commit is on disk when it returns (WAL, `synchronous=FULL`); commits that wait at the same time share a
/// transaction and an fsync. One process at a time holds the directory. Files have mode 0600, a directory made here 0700.
package final class SQLiteStorage: Storage {
    private let directory: StoreDirectory
    private let commits: CommitQueue
    private let readers: ReaderPool

    /// Throws ``SQLiteStorageError``.
    package init(directory path: String, logger: Logger) throws(SQLiteStorageError) {
        guard sqlite3_libversion_number() >= 3_037_000 else {
            throw .libraryTooOld(version: String(cString: sqlite3_libversion()))
        }
        let directory = try StoreDirectory(path, logger: logger)
        do {
            try Schema.prepare(path: directory.databasePath)
            commits = CommitQueue(try GroupWriter(directory, logger: logger))
            readers = try ReaderPool(path: directory.databasePath, count: Self.readerCount)
        } catch {
            throw Self.openingError(error, path: directory.databasePath)
        }
        self.directory = directory
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
