/// Classes of ASCII bytes. No byte of a longer UTF-8 sequence is in any of them.
extension UInt8 {
    /// `A` to `Z`.
    @inlinable
    public var isASCIIUppercase: Bool { self &- 0x41 < 26 }
    /// `a` to `z`.
    @inlinable
    public var isASCIILowercase: Bool { self &- 0x61 < 26 }
    @inlinable
    public var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    /// `0` to `9`.
    @inlinable
    public var isASCIIDigit: Bool { self &- 0x30 < 10 }
    @inlinable
    public var isASCIILetterOrDigit: Bool { isASCIILetter || isASCIIDigit }
    /// `0` to `9` and `a` to `f`.
    @inlinable
    public var isLowercaseHexDigit: Bool { isASCIIDigit || self &- 0x61 < 6 }
    /// `A` to `Z` as `a` to `z`; every other byte as it is.
    @inlinable
    public var asciiLowercased: UInt8 { isASCIIUppercase ? self | 0x20 : self }
}

/// Alphabets that random texts are drawn from.
public enum ASCII {
    public static let uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    public static let lowercase = "abcdefghijklmnopqrstuvwxyz"
    public static let digits = "0123456789"
    public static let lettersAndDigits = uppercase + lowercase + digits
}
