/// A parameter of a statement in PostgreSQL's binary format.
package enum PostgresValue: Sendable {
    case bytes([UInt8])
    case integer(Int64)
    case text(String)
    case byteArrays([[UInt8]])
    case integers([Int64])

    /// The object id in `pg_type` of `bytea`, `int8`, `text` or an array of them. These ids never change.
    var type: UInt32 {
        switch self {
        case .bytes: 17
        case .integer: 20
        case .text: 25
        case .byteArrays: 1_001
        case .integers: 1_016
        }
    }

    func append(to buffer: inout [UInt8]) {
        switch self {
        case .bytes(let bytes): buffer += bytes
        case .integer(let value): buffer.append(bigEndian: value)
        case .text(let text): buffer += text.utf8
        case .byteArrays(let values):
            Self.beginArray(of: 17, values.count, &buffer)
            for value in values {
                buffer.append(bigEndian: Int32(value.count))
                buffer += value
            }
        case .integers(let values):
            Self.beginArray(of: 20, values.count, &buffer)
            for value in values {
                buffer.append(bigEndian: Int32(8))
                buffer.append(bigEndian: value)
            }
        }
    }

    /// Writes the header of an array without nulls: one dimension that starts at 1, or no dimension if it is empty.
    private static func beginArray(of type: Int32, _ count: Int, _ buffer: inout [UInt8]) {
        buffer.append(bigEndian: Int32(count == 0 ? 0 : 1))
        buffer.append(bigEndian: Int32(0))
        buffer.append(bigEndian: type)
        guard count > 0 else { return }
        buffer.append(bigEndian: Int32(count))
        buffer.append(bigEndian: Int32(1))
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

/// A row in the binary format.
package struct PostgresRow: Sendable {
    /// The values; nil for NULL.
    package let columns: [[UInt8]?]

    /// Returns an `int8`, or nil for NULL.
    package func integer(_ column: Int) -> Int64? {
        columns[column].flatMap { bytes in
            bytes.count == 8 ? bytes.reduce(0) { $0 << 8 | Int64($1) } : nil
        }
    }

    /// Returns the bytes of a value, or nil for NULL.
    package func bytes(_ column: Int) -> [UInt8]? { columns[column] }
    /// Returns a value as text, or nil for NULL.
    package func text(_ column: Int) -> String? { columns[column].map { String(decoding: $0, as: UTF8.self) } }
}
