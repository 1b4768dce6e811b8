import Crypto
import EngineKit

/// The columns that identify the row of a key. An index row of PostgreSQL holds about 2,700 bytes,
/// and a key may be longer: then the rest of the key is in a column outside the index, and a digest
/// of it in the index distinguishes keys with the same beginning.
struct RecordPlace: Hashable, Sendable {
    /// The key, or its first bytes.
    let head: [UInt8]
    /// The SHA-256 digest of ``tail``, or empty if the whole key is in ``head``.
    let mark: [UInt8]
    /// The rest of the key.
    let tail: [UInt8]
    /// The owner whose table has the record, or nil for a record of nobody.
    let owner: [UInt8]?

    static let headBytesMax = 2_048

    init(_ key: String) {
        let bytes = Array(key.utf8)
        head = Array(bytes.prefix(Self.headBytesMax))
        tail = Array(bytes.dropFirst(Self.headBytesMax))
        owner = OwnedKey.owner(of: key).map { Array($0.utf8) }
        mark = tail.isEmpty ? [] : Array(SHA256.hash(data: tail))
    }
}
