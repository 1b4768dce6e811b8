import Crypto

/// Where a key's row stands. An index row of PostgreSQL holds about 2,700 bytes and a key may be longer: then its rest
/// lies beside the index, and its digest in the index tells keys of the same beginning apart.
struct RecordPlace: Hashable, Sendable {
    /// The key, or the beginning of it.
    let head: [UInt8]
    /// Empty for a key that is all in `head`.
    let mark: [UInt8]
    let tail: [UInt8]

    static let headBytesMax = 2_048

    init(_ key: String) {
        let bytes = Array(key.utf8)
        head = Array(bytes.prefix(Self.headBytesMax))
        tail = Array(bytes.dropFirst(Self.headBytesMax))
        mark = tail.isEmpty ? [] : Array(SHA256.hash(data: tail))
    }
}
