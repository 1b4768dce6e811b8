/// Writes fields one after another, each after its length in four bytes (big-endian), so that two different lists of
/// fields never have the same bytes. The buffer must be large enough.
struct FieldWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    private var position = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    /// The bytes that were written so far.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<position]) }

    /// Writes a field of bytes.
    mutating func field(_ bytes: some Collection<UInt8>) {
        append(UInt32(bytes.count))
        UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + bytes.count]).copyBytes(from: bytes)
        position += bytes.count
    }

    /// Writes a field that is a number, big-endian.
    mutating func field(_ number: some FixedWidthInteger) {
        append(UInt32(number.bitWidth / 8))
        append(number)
    }

    /// Writes a number without its length.
    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        buffer.storeBytes(of: number.bigEndian, toByteOffset: position, as: Number.self)
        position += number.bitWidth / 8
    }
}
