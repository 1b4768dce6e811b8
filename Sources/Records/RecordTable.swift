package import EngineKit
import Synchronization

/// Records of one kind in one folder, each under its name: found, listed and changed.
package final class RecordTable<Value: Record>: Sendable {
    /// A record and the version that it had when it was read.
    package struct Found: Sendable {
        /// The record.
        package var value: Value
        /// The version of the stored record.
        package var version: UInt64

        /// A precondition that is met until another writer changes the record.
        package var unchanged: Batch.Precondition { .version(version) }
    }

    /// The storage that holds the records.
    package let storage: any Storage
    /// The folder of the records, with its final `/`.
    package let prefix: String
    private let lines = WriterQueues()
    private let parsed = Mutex<[String: Found]>([:])
    private let parsedMax: Int

    /// Creates a table over a folder of a storage.
    ///
    /// - Parameters:
    ///   - prefix: The folder of the records. Ends with `/`.
    ///   - parsedMax: The number of records that are kept parsed, for those that every login reads.
    package init(storage: any Storage, prefix: String, parsedMax: Int = 0) {
        self.storage = storage
        self.prefix = prefix
        self.parsedMax = parsedMax
    }

    /// Returns the record of that name, or nil if there is none.
    ///
    /// - Throws: ``StorageError/corrupted(key:)`` for a record that cannot be read.
    package func find(_ name: String) async throws(StorageError) -> Found? {
        let key = prefix + name
        guard let record = try await storage.get(key) else { return nil }
        // The version shows whether the parsed form is that of the stored record, so nothing outdated is returned.
        if parsedMax > 0, let found = parsed.withLock({ $0[name] }), found.version == record.version { return found }
        guard let value = Value(decoding: record.value) else { throw .corrupted(key: key) }
        let found = Found(value: value, version: record.version)
        if parsedMax > 0 {
            parsed.withLock { parsed in
                if parsed.count >= parsedMax { parsed.removeAll() }
                parsed[name] = found
            }
        }
        return found
    }

    /// Returns the record of that name.
    ///
    /// - Throws: ``CofferError/notFound`` if there is none, and as ``find(_:)``.
    package func existing(_ name: String) async throws -> Value {
        guard let found = try await find(name) else { throw CofferError.notFound }
        return found.value
    }

    /// Returns one page of names in byte order.
    package func names(_ paging: Paging) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: prefix, paging))
    }

    /// Adds the writing of a record to a batch.
    package func put(_ name: String, _ value: Value, if precondition: Batch.Precondition = .none, into batch: inout Batch) {
        batch.put(prefix + name, value.encoded(), if: precondition)
    }

    /// Adds the deletion of a record to a batch.
    package func delete(_ name: String, if precondition: Batch.Precondition = .none, into batch: inout Batch) {
        batch.delete(prefix + name, if: precondition)
    }

    /// Writes a record.
    package func put(_ name: String, _ value: Value, if precondition: Batch.Precondition = .none) async throws(StorageError) {
        try await storage.put(prefix + name, value.encoded(), if: precondition)
    }

    /// Deletes a record if it exists.
    package func delete(_ name: String) async throws(StorageError) { try await storage.delete(prefix + name) }

    /// Reads the record, lets `decide` change it, and commits the change in one batch. Starts over
    /// if another writer was first.
    ///
    /// `decide` gets nil if there is no such record and sets it to nil to delete it. What it adds
    /// to the batch is committed with the record or not at all.
    ///
    /// - Returns: What `decide` returned for the change that was committed.
    /// - Throws: ``StorageError/contended(key:)`` when another writer was first every time; what
    ///   `decide` and the store throw.
    package func edit<Result>(
        _ name: String, _ decide: (inout Value?, inout Batch) async throws -> Result
    ) async throws -> Result {
        try await lines.inTurn(name) {
            try await storage.transact { batch in
                let found = try await find(name)
                var value = found?.value
                let result = try await decide(&value, &batch)
                let unchanged = found?.unchanged ?? .absent
                if let value {
                    put(name, value, if: unchanged, into: &batch)
                } else if found != nil {
                    delete(name, if: unchanged, into: &batch)
                } else if !batch.isEmpty {
                    // The decision is valid only as long as there is no such record.
                    batch.check(prefix + name, .absent)
                }
                return result
            }
        }
    }
}

extension RecordTable where Value: SettingsRecord {
    /// Changes the settings that a request contains, and returns the changed record.
    ///
    /// - Parameters:
    ///   - new: Makes the record to change if there is none of that name, or throws if there has to be one.
    ///   - check: Throws if the change is refused. `before` is nil if there was no such record. It is called again if another
    ///     writer was first.
    /// - Throws: As ``edit(_:_:)``, and what the settings, `new` and `check` throw.
    @discardableResult
    package func update(
        _ name: String, _ sent: Fields, new: () throws -> Value = { Value.settings.new },
        check: (_ changed: Value, _ before: Value?) throws -> Void = { _, _ in }
    ) async throws -> Value {
        try await edit(name) { value, _ in
            var changed = try value ?? new()
            try changed.update(sent)
            try check(changed, value)
            value = changed
            return changed
        }
    }
}
