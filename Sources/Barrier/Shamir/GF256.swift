/// Arithmetic in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (0x11B, as AES).
///
/// No tables and no branches on values: what is multiplied here is secret, and a table look-up tells the cache
/// which entry it was.
enum GF256 {
    static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product: UInt8 = 0
        var left = left
        for bit in UInt8(0)..<8 {
            product ^= left & (0 &- (right >> bit & 1))
            left = left << 1 ^ 0x1B & (0 &- (left >> 7))
        }
        return product
    }

    /// `value` to the power 254, which is its inverse; 0 for 0.
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
