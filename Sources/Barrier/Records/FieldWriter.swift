/// Writes fields one after another, each behind its length in four bytes (big endian), so that no two lists of
/// fields give the same bytes. The buffer must be large enough.
struct FieldWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    private var position = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<position]) }

    mutating func field(_ bytes: some Collection<UInt8>) {
        append(UInt32(bytes.count))
        UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + bytes.count]).copyBytes(from: bytes)
        position += bytes.count
    }

    mutating func field(_ number: some FixedWidthInteger) {
        append(UInt32(number.bitWidth / 8))
        append(number)
    }

    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        buffer.storeBytes(of: number.bigEndian, toByteOffset: position, as: Number.self)
        position += number.bitWidth / 8
    }
}
