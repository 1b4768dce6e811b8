/// Arithmetic in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (0x11B, as in AES).
///
/// It uses no tables and no branches that depend on values: the values are secret, and a table lookup would reveal them
/// through the cache.
enum GF256 {
    /// Returns the product of two elements.
    static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product: UInt8 = 0
        var left = left
        for bit in UInt8(0)..<8 {
            product ^= left & (0 &- (right >> bit & 1))
            left = left << 1 ^ 0x1B & (0 &- (left >> 7))
        }
        return product
    }

    /// Returns the multiplicative inverse of `value`, which is its 254th power, or 0 for 0.
    static func inverse(_ value: UInt8) -> UInt8 {
        var square = value
        var result: UInt8 = 1
        for _ in 0..<7 {
            square = multiply(square, square)
            result = multiply(result, square)
        }
        return result
    }
}
