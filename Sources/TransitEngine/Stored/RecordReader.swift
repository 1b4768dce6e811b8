/// Reads what ``RecordWriter`` wrote; nil for anything else.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() -> Int? {
        guard let part = take(8) else { return nil }
        return Int(Int64(bigEndian: part.loadUnaligned(as: Int64.self)))
    }

    mutating func short() -> Int? {
        guard let part = take(4) else { return nil }
        return Int(UInt32(bigEndian: part.loadUnaligned(as: UInt32.self)))
    }

    /// Borrowed from the record.
    mutating func string() -> UnsafeRawBufferPointer? {
        guard let count = short() else { return nil }
        return take(count)
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= bytes.count - position else { return nil }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }
}
