import EngineKit

/// Reads little-endian fields from a stored record. Every function throws ``StorageError/corrupted(key:)`` if the bytes do not fit.
struct ByteReader {
    let bytes: [UInt8]
    /// The key of the record, for errors.
    let key: String
    private(set) var position = 0

    init(_ bytes: [UInt8], key: String) {
        self.bytes = bytes
        self.key = key
    }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { position == bytes.count }
    var corrupted: StorageError { .corrupted(key: key) }

    /// Reads the two bytes that every record begins with.
    mutating func expect(_ header: RecordHeader) throws(StorageError) {
        guard try integer(UInt8.self) == header.kind, try integer(UInt8.self) == header.format else { throw corrupted }
    }

    /// Reads a number.
    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type = Value.self) throws(StorageError) -> Value
    {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw corrupted }
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Value.self) }
        position += size
        return Value(littleEndian: value)
    }

    /// Skips bytes and returns their place.
    mutating func range(_ count: Int) throws(StorageError) -> Range<Int> {
        guard count >= 0, remaining >= count else { throw corrupted }
        defer { position += count }
        return position..<position + count
    }

    /// Reads UTF-8 text of so many bytes.
    mutating func text(_ count: Int) throws(StorageError) -> String {
        guard let text = String(validating: bytes[try range(count)], as: UTF8.self) else { throw corrupted }
        return text
    }

    /// Reads everything that is left.
    mutating func rest() throws(StorageError) -> [UInt8] { Array(bytes[try range(remaining)]) }
}

/// The two bytes that every record begins with: its kind and the version of its format.
struct RecordHeader {
    var kind: UInt8
    var format: UInt8

    static let head = RecordHeader(kind: UInt8(ascii: "H"), format: 1)
    static let archive = RecordHeader(kind: UInt8(ascii: "A"), format: 1)
    static let settings = RecordHeader(kind: UInt8(ascii: "C"), format: 1)
    static let plain = RecordHeader(kind: UInt8(ascii: "V"), format: 1)
}

extension [UInt8] {
    mutating func append(_ header: RecordHeader) {
        append(header.kind)
        append(header.format)
    }

    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
