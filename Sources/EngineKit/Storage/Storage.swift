/// Where records live. Three verbs; every store passes the same contract suite.
///
/// Keys are UTF-8 paths such as `mount/4f…/data/db`: segments joined by `/`, none empty, no NUL, at most
/// ``StorageLimits/keyBytesMax`` long, compared and ordered by their bytes. A store never sees a plain secret: the
/// barrier seals values before they come here.
package protocol Storage: Sendable {
    /// Nil also for a key that no record can have.
    func get(_ key: String) async throws(StorageError) -> StoredRecord?

    /// One page of keys below a prefix. See ``Listing``.
    func list(_ listing: Listing) async throws(StorageError) -> [String]

    /// All of it or nothing, on disk when this returns, and seen by every read that begins after that.
    ///
    /// Every precondition is judged before anything changes. Cancelling the caller does not stop a commit.
    func commit(_ batch: Batch) async throws(StorageError)
}

extension Storage {
    /// Commits a change that was decided on a reading. False when something else changed first: read again and retry.
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

/// A value and the stamp that its writer gave it.
package struct StoredRecord: Sendable, Hashable {
    /// The bytes of the record.
    package var value: [UInt8]
    /// Differs for every write of a key, so it serves as the precondition of the next one.
    package var version: UInt64

    /// Creates a record as it was read.
    package init(value: [UInt8], version: UInt64) {
        self.value = value
        self.version = version
    }
}

/// A request for one page of the keys below a prefix, in the order of their bytes.
package struct Listing: Sendable, Hashable {
    /// Ends with `/`, or is empty for everything.
    package var prefix: String
    /// The last name of the page before, relative to `prefix`. It need not be there (any more).
    package var after: String?
    /// At most this many names come back, and never more than ``StorageLimits/pageMax``; none for 0 or less.
    package var limit: Int
    /// Names with everything below them; otherwise children only, folders once with a final `/`.
    package var isRecursive: Bool

    /// Creates the request for a page; by default the first one, as long as pages may be, of children only.
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
    /// A sealed record: the 32 MiB a body may have at most, and room for its envelope.
    package static let valueBytesMax = 33 << 20
    /// The most names on one page of a listing.
    package static let pageMax = 10_000
    /// The most mutations in one batch.
    package static let batchMutationsMax = 20_000
    /// Keys and values of one batch together: two records of the largest size, such as a new version and the one that it
    /// replaces, and small ones beside them.
    package static let batchBytesMax = 2 * valueBytesMax + (1 << 20)
}

/// Why a store did not do what it was asked.
package enum StorageError: Error, Hashable, Sendable {
    /// A precondition of a batch did not hold; nothing was written.
    case conflict(key: String)
    /// Another writer was first every time that a change was tried; nothing was written.
    case contended(key: String)
    /// A key, value, batch or listing outside the contract; nothing was written.
    case limitExceeded(String)
    /// The store cannot be reached or its disk refuses; whether anything was written is unknown.
    case unavailable(String)
    /// A record is there but is not what was written: changed, moved or truncated.
    case corrupted(key: String)
    case sealed
}

/// A store that keeps records it has read in memory.
package protocol CachingStorage: Storage {
    /// Drops records that somebody else wrote, so that they are read again.
    func invalidate(_ keys: some Sequence<String>)
}
