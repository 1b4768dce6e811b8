/// The public operation of RSA, `m^e mod n`, for paddings that swift-crypto does not verify.
///
/// All numbers are public, so the time may depend on them. It uses Montgomery multiplication with 64-bit words.
struct PublicExponentiation: Sendable {
    let byteCount: Int
    let bitCount: Int
    /// The modulus, with the least significant word first.
    private let modulus: [UInt64]
    private let exponent: UInt64
    /// `-n^-1 mod 2^64`
    private let inverse: UInt64
    /// `2^(128 k) mod n`
    private let square: [UInt64]

    /// Returns nil if the modulus is even, small or not a whole number of 64-bit words long, or the exponent is even, 1 or wider
    /// than 32 bits.
    init?(modulus bytes: some Collection<UInt8>, exponent: some Collection<UInt8>) {
        let bytes = Array(bytes.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard (128...1_024).contains(bytes.count), bytes.count.isMultiple(of: 8), bytes[0] >= 0x80, bytes[bytes.count - 1] & 1 == 1,
            (1...4).contains(exponent.count)
        else {
            return nil
        }
        self.exponent = exponent.reduce(0) { $0 << 8 | UInt64($1) }
        guard self.exponent & 1 == 1, self.exponent >= 3 else { return nil }
        byteCount = bytes.count
        bitCount = bytes.count * 8 - bytes[0].leadingZeroBitCount
        let modulus = Self.limbs(bytes, count: (bytes.count + 7) / 8)
        self.modulus = modulus
        var inverse: UInt64 = 1
        for _ in 0..<6 { inverse = inverse &* (2 &- modulus[0] &* inverse) }
        self.inverse = 0 &- inverse
        // The top bit of the modulus is set, so 2^(64 k) mod n is one subtraction. Doubling it k times gives 2^k in
        // Montgomery form, and squaring that six times gives 2^(64 k).
        var square = [UInt64](repeating: 0, count: modulus.count)
        Self.subtract(&square, modulus)
        for _ in 0..<modulus.count { Self.double(&square, modulus) }
        for _ in 0..<6 { square = Self.multiply(square, square, modulus: modulus, inverse: 0 &- inverse) }
        self.square = square
    }

    /// Returns the result, which is as long as the modulus, or nil if the input has another length or is not less than the modulus.
    func callAsFunction(_ input: [UInt8]) -> [UInt8]? {
        guard input.count == byteCount else { return nil }
        let base = Self.limbs(input, count: modulus.count)
        guard Self.isBelow(base, modulus) else { return nil }
        let factor = multiply(base, square)
        var result = factor
        for bit in (0..<(63 - exponent.leadingZeroBitCount)).reversed() {
            result = multiply(result, result)
            if exponent >> UInt64(bit) & 1 == 1 { result = multiply(result, factor) }
        }
        var one = [UInt64](repeating: 0, count: modulus.count)
        one[0] = 1
        let limbs = multiply(result, one)
        return (0..<byteCount).reversed().map { UInt8(truncatingIfNeeded: limbs[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    private func multiply(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        Self.multiply(left, right, modulus: modulus, inverse: inverse)
    }

    private static func multiply(
        _ left: [UInt64], _ right: [UInt64], modulus: [UInt64], inverse: UInt64
    ) -> [UInt64] {
        let count = modulus.count
        var total = [UInt64](repeating: 0, count: count + 2)
        for index in 0..<count {
            accumulate(&total, left, times: right[index])
            let factor = total[0] &* inverse
            accumulate(&total, modulus, times: factor)
            for position in 0...count { total[position] = total[position + 1] }
            total[count + 1] = 0
        }
        var result = Array(total[..<count])
        if total[count] != 0 || !isBelow(result, modulus) { subtract(&result, modulus) }
        return result
    }

    /// Adds `limbs` times `factor` to `total`, which has two limbs more.
    private static func accumulate(_ total: inout [UInt64], _ limbs: [UInt64], times factor: UInt64) {
        let count = limbs.count
        var carry: UInt64 = 0
        for index in 0..<count {
            let (high, low) = limbs[index].multipliedFullWidth(by: factor)
            let (sum, first) = low.addingReportingOverflow(total[index])
            let (whole, second) = sum.addingReportingOverflow(carry)
            total[index] = whole
            carry = high
            if first { carry &+= 1 }
            if second { carry &+= 1 }
        }
        let (sum, overflow) = total[count].addingReportingOverflow(carry)
        total[count] = sum
        if overflow { total[count + 1] &+= 1 }
    }

    private static func double(_ limbs: inout [UInt64], _ modulus: [UInt64]) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let next = limbs[index] >> 63
            limbs[index] = limbs[index] << 1 | carry
            carry = next
        }
        if carry == 1 || !isBelow(limbs, modulus) { subtract(&limbs, modulus) }
    }

    private static func isBelow(_ left: [UInt64], _ right: [UInt64]) -> Bool {
        for index in left.indices.reversed() where left[index] != right[index] { return left[index] < right[index] }
        return false
    }

    private static func subtract(_ limbs: inout [UInt64], _ other: [UInt64]) {
        var borrow = false
        for index in limbs.indices {
            let (difference, first) = limbs[index].subtractingReportingOverflow(other[index])
            let (whole, second) = difference.subtractingReportingOverflow(borrow ? 1 : 0)
            limbs[index] = whole
            borrow = first || second
        }
    }

    private static func limbs(_ bytes: [UInt8], count: Int) -> [UInt64] {
        var limbs = [UInt64](repeating: 0, count: count)
        for (index, byte) in bytes.reversed().enumerated() { limbs[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        return limbs
    }
}
