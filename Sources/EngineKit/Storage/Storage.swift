/// A store of records. Every implementation passes the same contract suite.
///
/// Keys are UTF-8 paths such as `mount/4f…/data/db`: segments joined by `/`, none of them empty, without NUL, at most
/// ``StorageLimits/keyBytesMax`` long, compared and ordered by their bytes. A store never sees a secret in the clear,
/// because the barrier encrypts values before.
package protocol Storage: Sendable {
    /// Returns a record, or nil if there is none. Also returns nil for a key that no record can have.
    func get(_ key: String) async throws(StorageError) -> StoredRecord?

    /// Returns one page of keys below a prefix. See ``Listing``.
    func list(_ listing: Listing) async throws(StorageError) -> [String]

    /// Commits a batch completely or not at all. When this returns, it is on disk, and every read that begins afterwards
    /// sees it.
    ///
    /// All preconditions are checked before anything is changed. Canceling the caller does not stop a commit.
    func commit(_ batch: Batch) async throws(StorageError)
}

extension Storage {
    /// Writes one record.
    package func put(
        _ key: String, _ value: [UInt8], if precondition: Batch.Precondition = .none
    ) async throws(StorageError) {
        var batch = Batch()
        batch.put(key, value, if: precondition)
        try await commit(batch)
    }

    /// Deletes one record if it exists.
    package func delete(_ key: String) async throws(StorageError) {
        var batch = Batch()
        batch.delete(key)
        try await commit(batch)
    }

    /// Deletes the records with these names below a prefix, all or none.
    package func delete(_ names: [String], below prefix: String) async throws(StorageError) {
        var batch = Batch()
        for name in names { batch.delete(prefix + name) }
        try await commit(batch)
    }

    /// Commits a change that was decided on records that were read. Returns false if something else has changed: read again
    /// and retry.
    package func commitIfUnchanged(_ batch: Batch) async throws(StorageError) -> Bool {
        do throws(StorageError) {
            try await commit(batch)
            return true
        } catch .conflict {
            return false
        } catch {
            throw error
        }
    }
}

/// A value and the version that its writer gave it.
package struct StoredRecord: Sendable, Hashable {
    /// The bytes of the record.
    package var value: [UInt8]
    /// The version, which is different for every write of a key and so serves as the precondition of the next one.
    package var version: UInt64

    /// Creates a record as it was read.
    package init(value: [UInt8], version: UInt64) {
        self.value = value
        self.version = version
    }
}

/// A request for one page of the keys below a prefix, in the order of their bytes.
package struct Listing: Sendable, Hashable {
    /// The prefix, which ends with `/` or is empty for everything.
    package var prefix: String
    /// The last name of the previous page, relative to `prefix`. It need not exist anymore.
    package var after: String?
    /// The largest number of names, at most ``StorageLimits/pageMax``. A number of 0 or less returns none.
    package var limit: Int
    /// Whether all keys below the prefix are listed. Otherwise, only its children are, and each folder once, with a final
    /// `/`.
    package var isRecursive: Bool

    /// Creates the request for a page; by default, the first page of children, of the largest size.
    package init(prefix: String, after: String? = nil, limit: Int = StorageLimits.pageMax, isRecursive: Bool = false) {
        self.prefix = prefix
        self.after = after
        self.limit = limit
        self.isRecursive = isRecursive
    }
}

/// The sizes that every store accepts. What exceeds them is refused as ``StorageError/limitExceeded(_:)``.
package enum StorageLimits {
    /// The longest key, in bytes.
    package static let keyBytesMax = 4_096
    /// The largest encrypted record in bytes: the largest body of 32 MiB, with room for its envelope.
    package static let valueBytesMax = 33 << 20
    /// The largest number of names on a page.
    package static let pageMax = 10_000
    /// The largest number of mutations in a batch.
    package static let batchMutationsMax = 20_000
    /// The largest total size of keys and values in a batch, in bytes: two records of the largest size, such as a new
    /// version and the one that it replaces, and small ones.
    package static let batchBytesMax = 2 * valueBytesMax + (1 << 20)
}

/// Why an operation of a store failed.
package enum StorageError: Error, Hashable, Sendable {
    /// A precondition was not met; nothing was written.
    case conflict(key: String)
    /// Another writer was first in every attempt; nothing was written.
    case contended(key: String)
    /// A key, value, batch or listing exceeds a limit; nothing was written.
    case limitExceeded(String)
    /// The store cannot be reached, or its disk fails; it is unknown whether anything was written.
    case unavailable(String)
    /// A record exists, but is not what was written: it was changed, moved or truncated.
    case corrupted(key: String)
    /// The record belongs to an owner on whose behalf the task does not act; see ``OwnerScope``. Nothing was read or written.
    case foreignOwner(key: String)
    case sealed
}

/// A store that keeps records in memory after reading them.
package protocol CachingStorage: Storage {
    /// Removes records from memory that another writer has changed.
    func invalidate(_ keys: some Sequence<String>)
}
