/// Classes of ASCII bytes. No byte of a multibyte UTF-8 sequence belongs to any of them.
extension UInt8 {
    /// Whether the byte is `A` to `Z`.
    @inlinable
    public var isASCIIUppercase: Bool { self &- 0x41 < 26 }
    /// Whether the byte is `a` to `z`.
    @inlinable
    public var isASCIILowercase: Bool { self &- 0x61 < 26 }
    /// Whether the byte is `A` to `Z` or `a` to `z`.
    @inlinable
    public var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    /// Whether the byte is `0` to `9`.
    @inlinable
    public var isASCIIDigit: Bool { self &- 0x30 < 10 }
    /// Whether the byte is `A` to `Z`, `a` to `z` or `0` to `9`.
    @inlinable
    public var isASCIILetterOrDigit: Bool { isASCIILetter || isASCIIDigit }
    /// Whether the byte is `0` to `9` or `a` to `f`.
    @inlinable
    public var isLowercaseHexDigit: Bool { isASCIIDigit || self &- 0x61 < 6 }
    /// The byte in lower case: `a` to `z` for `A` to `Z`, and any other byte unchanged.
    @inlinable
    public var asciiLowercased: UInt8 { isASCIIUppercase ? self | 0x20 : self }
}

extension [UInt8] {
    /// Appends a static text as UTF-8.
    @inlinable
    @inline(__always)
    package mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

/// Alphabets for random texts.
public enum ASCII {
    /// The letters `A` to `Z`.
    public static let uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    /// The letters `a` to `z`.
    public static let lowercase = "abcdefghijklmnopqrstuvwxyz"
    /// The digits `0` to `9`.
    public static let digits = "0123456789"
    /// The letters of both cases and the digits, in the order of the base64 alphabet.
    public static let lettersAndDigits = uppercase + lowercase + digits
}
