import Syntax

/// The result of encrypting old records with the current term.
package struct ResealReport: Sendable, Hashable {
    /// The largest number of keys in ``unreadable``.
    package static let unreadableMax = 100

    /// Whether every record was read and, except for the unreadable ones, is encrypted with the current term.
    package var isComplete = false
    /// How many records were read.
    package var scanned = 0
    /// How many records were encrypted again.
    package var resealed = 0
    /// The keys of the first ``unreadableMax`` records that could not be decrypted. They were not changed.
    package var unreadable: [String] = []
    /// How many records could not be decrypted.
    package var unreadableCount = 0
}

/// The record `core/reseal`: the term that records are being encrypted with, and the last key that was processed.
struct ResealPosition: Hashable {
    var term: UInt32
    /// The last processed key, or nil at the beginning.
    var after: String?
    /// Whether all records were processed.
    var isDone = false

    /// Creates the position at the beginning of the store.
    init(term: UInt32) { self.term = term }

    /// Reads the record. Throws ``SealError/corrupted(_:)`` if it is malformed.
    init(decoding bytes: [UInt8]) throws(SealError) {
        let object = try CoreRecord(decoding: bytes, at: CoreKey.reseal).object
        guard let term = object["term"]?.intValue.flatMap(UInt32.init(exactly:)), let isDone = object["done"]?.boolValue else {
            throw .corrupted(CoreKey.reseal)
        }
        self.term = term
        self.isDone = isDone
        after = object["after"]?.stringValue
    }

    /// Returns the JSON of the record.
    func encoded() -> [UInt8] {
        CoreRecord(["term": .int(term), "after": .optional(after), "done": .bool(isDone)]).encoded()
    }
}
