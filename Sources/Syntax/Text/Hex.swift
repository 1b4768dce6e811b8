/// Hexadecimal text (RFC 4648, section 8): two digits for each byte, written in lower case.
public enum Hex {
    /// The digits that are accepted when text is read.
    public enum Digits: Sendable {
        /// Only `0` to `9` and `a` to `f`, for text that Coffer wrote.
        case lowercase
        /// Digits of both cases, for text that people type.
        case anyCase
    }

    // MARK: Writing

    /// Returns the digit of a number below 16 as ASCII.
    @inlinable
    @inline(__always)
    public static func digit(_ value: UInt8) -> UInt8 { value &+ (value < 10 ? 0x30 : 0x57) }

    /// Returns bytes as hexadecimal text.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            output.append(digit(byte >> 4))
            output.append(digit(byte & 15))
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Returns bytes as hexadecimal text, without an intermediate array.
    @inlinable
    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { output in
            write(bytes, to: UnsafeMutableRawBufferPointer(output))
            return 2 * bytes.count
        }
    }

    /// Returns all digits of a number, with leading zeros.
    public static func encode(_ number: some FixedWidthInteger & UnsignedInteger) -> String {
        withUnsafeBytes(of: number.bigEndian) { encode($0) }
    }

    /// Appends bytes as hexadecimal text in ASCII.
    @inlinable
    @inline(__always)
    public static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                text.initializeElement(at: 2 * index, to: digit(byte >> 4))
                text.initializeElement(at: 2 * index + 1, to: digit(byte & 15))
            }
            output.append(contentsOf: UnsafeBufferPointer(text))
        }
    }

    /// Writes bytes as hexadecimal text in ASCII.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - output: A buffer that is at least twice as long as `bytes`.
    @inlinable
    @inline(__always)
    public static func write(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) {
        for (index, byte) in bytes.enumerated() {
            output[2 * index] = digit(byte >> 4)
            output[2 * index + 1] = digit(byte & 15)
        }
    }

    // MARK: Reading

    /// Returns the value of a digit of either case, or nil for any other byte.
    @inlinable
    public static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x57
        case 0x41...0x46: digit &- 0x37
        default: nil
        }
    }

    /// Returns the bytes of a hexadecimal text, or nil if it has an odd length or another character. An empty text has no bytes.
    public static func decode(_ text: some Collection<UInt8>, _ digits: Digits = .lowercase) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 2)
        var high: UInt8?
        for byte in text {
            guard digits == .anyCase || !byte.isASCIIUppercase, let value = value(byte) else { return nil }
            if let first = high {
                output.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return output
    }

    /// Returns the bytes of a hexadecimal text, or nil if it has an odd length or another character. An empty text has no bytes.
    public static func decode(_ text: String, _ digits: Digits = .lowercase) -> [UInt8]? { decode(text.utf8, digits) }
}
