import Dispatch
import EngineKit
import StoreKit
import Synchronization

/// Connections that read while the writer writes.
///
/// A record is read on the caller's thread: from the page cache that takes a few microseconds, less than switching threads.
/// The connection that was used last is used first, because its pages are cached. Listings may take milliseconds, so they
/// have a separate thread and connection.
final class ReaderPool: Sendable {
    private let readers: [Connection]
    private let free: Mutex<[Int]>
    private let next = Atomic<Int>(0)

    private let lister: Connection
    private let listThread = DispatchQueue(label: "coffer.store.lists", qos: .userInitiated)
    private let waitingLists = Atomic<Int>(0)
    private static let waitingListsMax = 1_024

    private let trust: IndexTrust

    init(path: String, count: Int, trust: IndexTrust) throws {
        self.trust = trust
        readers = try (0..<count).map { _ in try Connection(path: path, .reading) }
        free = Mutex(Array(0..<count))
        lister = try Connection(path: path, .reading)
    }

    func get(_ key: String) throws(StorageError) -> StoredRecord? {
        do throws(SQLiteFailure) {
            return try withReader { (statements) throws(SQLiteFailure) in
                // Checked first: if the index is rebuilt after the read, that says nothing about what the read missed.
                let isTrusted = trust.isEarned
                if let record = try Self.record(key, statements) { return record }
                guard !isTrusted else { return nil }
                // The record is read again, in one snapshot with its neighbors: a commit between these reads would look
                // like damage.
                return try statements.inSnapshot { () throws(SQLiteFailure) in
                    if let record = try Self.record(key, statements) { return record }
                    try statements.confirmAbsence(of: key)
                    return nil
                }
            }
        } catch {
            throw error.storageError(key: key)
        }
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        let page = try ListingPage(listing)
        guard !page.isFull else { return [] }
        await trust.wait()
        guard waitingLists.add(1, ordering: .relaxed).newValue <= Self.waitingListsMax else {
            waitingLists.subtract(1, ordering: .relaxed)
            throw .unavailable("too many lists are waiting")
        }
        let names = await withCheckedContinuation { (answer: CheckedContinuation<Result<[String], SQLiteFailure>, Never>) in
            listThread.async { [lister, trust] in
                answer.resume(returning: Self.list(page, isTrusted: trust.isEarned, lister))
            }
        }
        waitingLists.subtract(1, ordering: .relaxed)
        switch names {
        case .success(let names): return names
        case .failure(let failure): throw failure.storageError(key: listing.prefix)
        }
    }

    func close() {
        for reader in readers { reader.close() }
        lister.close()
    }

    private func withReader<Result>(
        _ body: (Connection.Statements) throws(SQLiteFailure) -> Result
    ) throws(SQLiteFailure) -> Result {
        let index = free.withLock { $0.popLast() }
        guard let index else {
            // All connections are in use, so the caller waits for one of them.
            return try readers[next.add(1, ordering: .relaxed).newValue % readers.count].use(body)
        }
        defer { free.withLock { $0.append(index) } }
        return try readers[index].use(body)
    }

    private static func record(
        _ key: String, _ statements: Connection.Statements
    ) throws(SQLiteFailure) -> StoredRecord? {
        try statements[.get].run(key) { (statement) throws(SQLiteFailure) in
            guard try statement.step() else { return nil }
            guard let version = statement.integer(0), let value = statement.blob(1) else { throw .damagedRow }
            return StoredRecord(value: value, version: UInt64(bitPattern: version))
        }
    }

    private static func list(
        _ page: ListingPage, isTrusted: Bool, _ connection: Connection
    ) -> Result<[String], SQLiteFailure> {
        do throws(SQLiteFailure) {
            return .success(
                try connection.use { (statements) throws(SQLiteFailure) in
                    if isTrusted { return try TrustedRun.names(page, statements) }
                    return try statements.inSnapshot { () throws(SQLiteFailure) in try CheckedRun.names(page, statements) }
                })
        } catch {
            return .failure(error)
        }
    }
}
