/// The content of a QR code as codewords, with those that correct errors (Reed-Solomon over GF(2⁸), ISO/IEC 18004, 7.4 and 7.5).
struct QRCodewords {
    /// The codewords in the order in which they are placed.
    let interleaved: [UInt8]

    /// Correcting codewords of a block, by version from 1, and the number of blocks, for level M (Table 9 of the standard).
    private static let correctionCounts = [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28,
    ]
    private static let blockCounts = [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37,
        38,
        40, 43, 45, 47, 49,
    ]

    /// Returns the number of codewords of a version, data and correction together.
    private static func count(_ version: Int) -> Int {
        var modules = (16 * version + 128) * version + 64
        if version >= 2 {
            let patterns = version / 7 + 2
            modules -= (25 * patterns - 10) * patterns - 55
            if version >= 7 { modules -= 36 }
        }
        return modules / 8
    }

    /// Returns the number of codewords of a version that hold data.
    static func dataCount(_ version: Int) -> Int {
        count(version) - correctionCounts[version - 1] * blockCounts[version - 1]
    }

    /// Creates the codewords of a content that fits the version.
    init(_ content: [UInt8], version: Int) {
        let data = Self.data(content, version: version)
        let (blockCount, correctionCount) = (Self.blockCounts[version - 1], Self.correctionCounts[version - 1])
        // The last blocks have one codeword more than the first ones.
        let (short, longer) = data.count.quotientAndRemainder(dividingBy: blockCount)
        var blocks: [ArraySlice<UInt8>] = []
        var start = 0
        for index in 0..<blockCount {
            let end = start + short + (index >= blockCount - longer ? 1 : 0)
            blocks.append(data[start..<end])
            start = end
        }
        let divisor = ReedSolomon.divisor(correctionCount)
        let corrections = blocks.map { ReedSolomon.remainder(of: $0, divisor: divisor) }
        var output: [UInt8] = []
        for index in 0...short {
            for block in blocks where index < block.count { output.append(block[block.startIndex + index]) }
        }
        for index in 0..<correctionCount { output += corrections.map { $0[index] } }
        interleaved = output
    }

    /// Returns the content with its mode, its length and padding.
    private static func data(_ content: [UInt8], version: Int) -> [UInt8] {
        var bits = BitWriter()
        bits.append(0b0100, count: 4)
        bits.append(content.count, count: version < 10 ? 8 : 16)
        for byte in content { bits.append(Int(byte), count: 8) }
        // Four zeros end the content; here they complete the byte that the mode has begun.
        bits.append(0, count: 4)
        var bytes = bits.bytes
        let count = dataCount(version)
        for index in 0..<max(0, count - bytes.count) { bytes.append(index.isMultiple(of: 2) ? 0xEC : 0x11) }
        return Array(bytes.prefix(count))
    }
}

private struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var count = 0

    mutating func append(_ value: Int, count bits: Int) {
        for index in (0..<bits).reversed() {
            if count.isMultiple(of: 8) { bytes.append(0) }
            if value >> index & 1 == 1 { bytes[count / 8] |= 0x80 >> UInt8(count % 8) }
            count += 1
        }
    }
}

private enum ReedSolomon {
    /// Returns the product in GF(2⁸) modulo x⁸ + x⁴ + x³ + x² + 1.
    private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var result = 0
        for index in (0..<8).reversed() {
            result = result << 1 ^ (result >> 7) * 0x11D
            if right >> UInt8(index) & 1 == 1 { result ^= Int(left) }
        }
        return UInt8(truncatingIfNeeded: result)
    }

    /// Returns the polynomial with the roots 2⁰, 2¹, …, highest coefficient first, without the leading 1.
    static func divisor(_ degree: Int) -> [UInt8] {
        var coefficients = [UInt8](repeating: 0, count: degree - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<degree {
            for index in 0..<degree {
                coefficients[index] = product(coefficients[index], root)
                if index + 1 < degree { coefficients[index] ^= coefficients[index + 1] }
            }
            root = product(root, 2)
        }
        return coefficients
    }

    static func remainder(of data: ArraySlice<UInt8>, divisor: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: divisor.count)
        for byte in data {
            let factor = byte ^ result.removeFirst()
            result.append(0)
            for index in divisor.indices { result[index] ^= product(divisor[index], factor) }
        }
        return result
    }
}
