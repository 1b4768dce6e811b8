import Syntax

/// What a run of re-sealing did.
package struct ResealReport: Sendable, Hashable {
    package static let unreadableMax = 100

    /// Every record was seen and none is left under an older term, but the unreadable ones.
    package var isComplete = false
    package var scanned = 0
    package var resealed = 0
    /// Records that do not open and were left as they are; the first ``unreadableMax`` keys of them.
    package var unreadable: [String] = []
    package var unreadableCount = 0
}

/// `core/reseal`: the term that records are moved to, and the last key that was done.
struct ResealPosition: Hashable {
    var term: UInt32
    var after: String?
    var isDone = false

    init(term: UInt32) { self.term = term }

    init(decoding bytes: [UInt8]) throws(SealError) {
        let object = try CoreRecord(decoding: bytes, at: CoreKey.reseal).object
        guard let term = object["term"]?.intValue.flatMap(UInt32.init(exactly:)), let isDone = object["done"]?.boolValue else {
            throw .corrupted(CoreKey.reseal)
        }
        self.term = term
        self.isDone = isDone
        after = object["after"]?.stringValue
    }

    func encoded() -> [UInt8] {
        CoreRecord(["term": .int(term), "after": .optional(after), "done": .bool(isDone)]).encoded()
    }
}
