import EngineKit

/// The record with the data of a version that is not the newest anymore.
enum ArchiveRecord {
    /// Returns the record.
    static func encode(_ data: [UInt8], version: UInt64) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(data.count + 10)
        output.append(RecordHeader.archive)
        output.append(littleEndian: version)
        output.append(contentsOf: data)
        return output
    }

    /// Returns the data of a record. Throws if it belongs to another version.
    static func decode(_ bytes: [UInt8], version: UInt64, key: String) throws(StorageError) -> [UInt8] {
        var reader = ByteReader(bytes, key: key)
        try reader.expect(.archive)
        guard try reader.integer(UInt64.self) == version, !reader.isAtEnd else { throw reader.corrupted }
        return try reader.rest()
    }
}

/// The record of a secret of version 1: the JSON that was sent, and the lease that the writer asked for.
struct PlainRecord {
    /// The lease in seconds, or nil for that of the mount.
    var lease: Int?
    var body: [UInt8]

    func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(body.count + 10)
        output.append(RecordHeader.plain)
        output.append(littleEndian: Int64(lease ?? -1))
        output.append(contentsOf: body)
        return output
    }
}

extension PlainRecord {
    init(decoding bytes: [UInt8], key: String) throws(StorageError) {
        var reader = ByteReader(bytes, key: key)
        try reader.expect(.plain)
        let lease = Int(try reader.integer(Int64.self))
        guard lease >= -1, !reader.isAtEnd else { throw reader.corrupted }
        self.init(lease: lease < 0 ? nil : lease, body: try reader.rest())
    }
}
