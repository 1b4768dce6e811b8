import EngineKit

/// The beginning of a stored head, which suffices to read the newest version without the history.
struct HeadView {
    let bytes: [UInt8]
    let current: UInt64
    let version: Head.Version
    let needsCheckAndSet: Bool
    /// The place of the custom metadata in ``bytes``, empty for none.
    let customMetadata: Range<Int>
    /// The place of the data in ``bytes``. It is empty if the version is destroyed, or if there is none.
    let data: Range<Int>
    /// A reader at the beginning of the history.
    let reader: ByteReader

    init(_ bytes: [UInt8], key: String) throws(StorageError) {
        var reader = ByteReader(bytes, key: key)
        try reader.expect(.head)
        let flags = HeadFlags(rawValue: try reader.integer())
        guard flags.isSubset(of: .known), try reader.integer(UInt8.self) == 0 else { throw reader.corrupted }
        let authorCount = Int(try reader.integer(UInt32.self))
        let customCount = Int(try reader.integer(UInt32.self))
        let dataCount = Int(try reader.integer(UInt32.self))
        current = try reader.integer()
        let created = Timestamp(nanoseconds: try reader.integer())
        let deletion: Int64 = try reader.integer()
        version = Head.Version(
            created: created, deletion: deletion == HeadFormat.noTime ? nil : Timestamp(nanoseconds: deletion),
            isDestroyed: flags.contains(.destroyed), author: try reader.text(authorCount))
        needsCheckAndSet = flags.contains(.needsCheckAndSet)
        customMetadata = try reader.range(customCount)
        data = try reader.range(dataCount)
        guard current < HeadFormat.numbersEnd, data.isEmpty == (version.isDestroyed || current == 0) else {
            throw reader.corrupted
        }
        self.bytes = bytes
        self.reader = reader
    }
}

extension Head {
    init(decoding bytes: [UInt8], key: String) throws(StorageError) {
        let view = try HeadView(bytes, key: key)
        var reader = view.reader
        self.init(created: Timestamp(nanoseconds: try reader.integer()))
        updated = Timestamp(nanoseconds: try reader.integer())
        oldest = try reader.integer()
        guard let deleteAfter = Int(exactly: try reader.integer(UInt64.self)) else { throw reader.corrupted }
        self.deleteAfter = deleteAfter
        versionsMax = Int(try reader.integer(UInt32.self))
        current = view.current
        needsCheckAndSet = view.needsCheckAndSet
        customMetadata = Array(bytes[view.customMetadata])
        data = Array(bytes[view.data])
        versions = try Head.history(&reader)
        guard reader.isAtEnd, oldest <= current, UInt64(versions.count) < max(current, 1) else { throw reader.corrupted }
        if current > 0 { versions.append(view.version) }
    }

    private static func history(_ reader: inout ByteReader) throws(StorageError) -> [Version] {
        let nameCount = Int(try reader.integer(UInt32.self))
        let count = Int(try reader.integer(UInt32.self))
        // Both are compared with the length of the record before anything is reserved for them.
        guard nameCount <= count, count <= reader.remaining / HeadFormat.entryBytes else { throw reader.corrupted }
        var names: [String] = []
        for _ in 0..<nameCount { names.append(try reader.text(Int(try reader.integer(UInt32.self)))) }
        var versions: [Version] = []
        versions.reserveCapacity(count + 2)
        for _ in 0..<count {
            let created = Timestamp(nanoseconds: try reader.integer())
            let deletion: Int64 = try reader.integer()
            let name = Int(try reader.integer(UInt32.self))
            let destroyed: UInt8 = try reader.integer()
            guard name < names.count, destroyed <= 1 else { throw reader.corrupted }
            versions.append(
                Version(
                    created: created, deletion: deletion == HeadFormat.noTime ? nil : Timestamp(nanoseconds: deletion),
                    isDestroyed: destroyed == 1, author: names[name]))
        }
        return versions
    }
}
