extension Batch {
    /// The size of the batch in a queue: the bytes of its keys and values.
    package var byteCount: Int {
        mutations.reduce(0) { total, mutation in
            guard case .put(let value, _) = mutation.change else { return total + mutation.key.utf8.count }
            return total + mutation.key.utf8.count + value.count
        }
    }

    /// Checks the rules of every store, before any record is read. Throws ``StorageError/limitExceeded(_:)``.
    package func validate() throws(StorageError) {
        guard mutations.count <= StorageLimits.batchMutationsMax else {
            throw .limitExceeded("a batch holds at most \(StorageLimits.batchMutationsMax) changes")
        }
        for mutation in mutations {
            try StorageLimits.validate(key: mutation.key)
            if case .put(let value, _) = mutation.change, value.count > StorageLimits.valueBytesMax {
                throw .limitExceeded("a record holds at most \(StorageLimits.valueBytesMax) bytes")
            }
        }
        guard byteCount <= StorageLimits.batchBytesMax else {
            throw .limitExceeded("a batch holds at most \(StorageLimits.batchBytesMax) bytes")
        }
        guard mutations.count < 2 || Set(mutations.map { StorageKey($0.key) }).count == mutations.count else {
            throw .limitExceeded("a batch changes a key at most once")
        }
    }
}

extension Batch.Precondition {
    /// Whether the precondition is met for a record with this version, or for an absent record.
    package func holds(for version: UInt64?) -> Bool {
        switch self {
        case .none: true
        case .absent: version == nil
        case .version(let expected): version == expected
        }
    }
}

extension StorageLimits {
    /// Checks a key: segments joined by `/`, none of them empty, without NUL.
    package static func validate(key: String) throws(StorageError) {
        guard key.utf8.count <= keyBytesMax else { throw .limitExceeded("a key holds at most \(keyBytesMax) bytes") }
        var previous = UInt8(ascii: "/")
        for byte in key.utf8 {
            guard byte != 0 else { throw .limitExceeded("a key holds no NUL") }
            guard byte != UInt8(ascii: "/") || previous != UInt8(ascii: "/") else {
                throw .limitExceeded("a key has no empty segment")
            }
            previous = byte
        }
        guard previous != UInt8(ascii: "/") else { throw .limitExceeded("a key has no empty segment") }
    }
}
