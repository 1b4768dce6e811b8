/// A part of a store. An engine sees its own keys only.
package struct PrefixedStorage: Storage {
    private let base: any Storage
    private let prefix: String

    /// Creates the part below `prefix`, which ends with `/`.
    package init(_ base: any Storage, prefix: String) {
        self.base = base
        self.prefix = prefix
    }

    /// Returns the record at `key` below the prefix, or nil if there is none.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        do throws(StorageError) {
            return try await base.get(prefix + key)
        } catch {
            throw inSlice(error)
        }
    }

    /// Returns one page of names below the prefix.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        var listing = listing
        listing.prefix = prefix + listing.prefix
        do throws(StorageError) {
            return try await base.list(listing)
        } catch {
            throw inSlice(error)
        }
    }

    /// Commits a batch whose keys are relative to the prefix.
    package func commit(_ batch: Batch) async throws(StorageError) {
        do throws(StorageError) {
            try await base.commit(batch.prefixed(prefix))
        } catch {
            throw inSlice(error)
        }
    }

    /// Returns the error with the key as the engine knows it.
    private func inSlice(_ error: StorageError) -> StorageError {
        switch error {
        case .conflict(let key): .conflict(key: withoutPrefix(key))
        case .contended(let key): .contended(key: withoutPrefix(key))
        case .corrupted(let key): .corrupted(key: withoutPrefix(key))
        case .foreignOwner(let key): .foreignOwner(key: withoutPrefix(key))
        case .limitExceeded, .unavailable, .sealed: error
        }
    }

    private func withoutPrefix(_ key: String) -> String {
        key.utf8.starts(with: prefix.utf8) ? String(Substring(key.utf8.dropFirst(prefix.utf8.count))) : key
    }
}

extension Batch {
    /// Returns the same batch below `prefix`.
    package func prefixed(_ prefix: String) -> Batch {
        var prefixed = Batch()
        for var mutation in mutations {
            mutation.key = prefix + mutation.key
            prefixed.append(mutation)
        }
        return prefixed
    }
}
