/// Reads what ``RecordWriter`` wrote. Each function returns nil if the record ends too early.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// Reads one byte.
    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// Reads a number of eight bytes.
    mutating func number() -> Int? {
        guard let part = take(8) else { return nil }
        return Int(Int64(bigEndian: part.loadUnaligned(as: Int64.self)))
    }

    /// Reads a number of four bytes.
    mutating func short() -> Int? {
        guard let part = take(4) else { return nil }
        return Int(UInt32(bigEndian: part.loadUnaligned(as: UInt32.self)))
    }

    /// Reads a byte string, which is valid as long as the record is.
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
