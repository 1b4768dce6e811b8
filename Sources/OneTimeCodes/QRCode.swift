/// A QR code of bytes (ISO/IEC 18004) with error correction level M, in the smallest of the 40 versions.
///
/// The version is the size: version `v` has `17 + 4v` modules on a side. Level M still reads with about 15 % of the symbol damaged.
package struct QRCode: Sendable {
    /// The number of modules on a side.
    package let side: Int
    /// Whether a module is dark, row by row.
    private(set) var modules: [Bool]
    /// The modules that hold no data: patterns by which a reader finds the symbol, and its format.
    private var isFixed: [Bool]
    private let version: Int

    /// The largest content in bytes.
    package static let bytesMax = 2_331

    /// Creates the code of a content, or nil if there are more than ``bytesMax`` bytes.
    package init?(_ content: [UInt8]) {
        guard let version = (1...40).first(where: { Self.bytesMax(ofVersion: $0) >= content.count }) else { return nil }
        self.init(content, version: version)
        let masked = (0..<8).map { mask in
            var code = self
            code.apply(mask: mask)
            return code
        }
        // The mask whose symbol is the easiest to read; the first of several.
        if let best = masked.min(by: { $0.penalty < $1.penalty }) { self = best }
    }

    /// Creates the code of a content in a version and with a mask, for comparison with other encoders.
    init(_ content: [UInt8], version: Int, mask: Int) {
        self.init(content, version: version)
        apply(mask: mask)
    }

    private init(_ content: [UInt8], version: Int) {
        self.version = version
        side = 17 + 4 * version
        modules = [Bool](repeating: false, count: side * side)
        isFixed = modules
        drawPatterns()
        place(QRCodewords(content, version: version).interleaved)
    }

    /// Whether the module is dark; false outside the symbol.
    package subscript(row: Int, column: Int) -> Bool {
        (0..<side).contains(row) && (0..<side).contains(column) && modules[row * side + column]
    }

    private static func bytesMax(ofVersion version: Int) -> Int {
        // Four bits say that bytes follow, and 8 or 16 how many.
        QRCodewords.dataCount(version) - (version < 10 ? 2 : 3)
    }

    // MARK: Patterns

    private mutating func fix(_ row: Int, _ column: Int, isDark: Bool) {
        guard (0..<side).contains(row), (0..<side).contains(column) else { return }
        modules[row * side + column] = isDark
        isFixed[row * side + column] = true
    }

    private mutating func drawPatterns() {
        for index in 0..<side {
            fix(6, index, isDark: index.isMultiple(of: 2))
            fix(index, 6, isDark: index.isMultiple(of: 2))
        }
        for (row, column) in [(3, 3), (3, side - 4), (side - 4, 3)] { drawFinder(row, column) }
        let centers = alignmentCenters
        for row in centers {
            for column in centers where !isFinder(row, column) { drawAlignment(row, column) }
        }
        drawFormat(mask: 0)
        drawVersion()
    }

    /// Whether the corner of a finder pattern is there.
    private func isFinder(_ row: Int, _ column: Int) -> Bool {
        (row == 6 && (column == 6 || column == side - 7)) || (row == side - 7 && column == 6)
    }

    private mutating func drawFinder(_ row: Int, _ column: Int) {
        for y in -4...4 {
            for x in -4...4 {
                let distance = max(abs(x), abs(y))
                fix(row + y, column + x, isDark: distance != 2 && distance != 4)
            }
        }
    }

    private mutating func drawAlignment(_ row: Int, _ column: Int) {
        for y in -2...2 {
            for x in -2...2 { fix(row + y, column + x, isDark: max(abs(x), abs(y)) != 1) }
        }
    }

    /// The rows, and columns, of the centers of alignment patterns: evenly spaced from the end, except for the first.
    private var alignmentCenters: [Int] {
        guard version > 1 else { return [] }
        let count = version / 7 + 2
        let step = (version * 8 + count * 3 + 5) / (count * 4 - 4) * 2
        return [6] + (0..<count - 1).map { side - 7 - $0 * step }.reversed()
    }

    /// Draws the level and the mask, twice, with 10 bits of a BCH code.
    private mutating func drawFormat(mask: Int) {
        // Level M is 00.
        var remainder = mask
        for _ in 0..<10 { remainder = remainder << 1 ^ (remainder >> 9) * 0x537 }
        let bits = (mask << 10 | remainder) ^ 0x5412
        let bit = { (index: Int) in bits >> index & 1 == 1 }
        for index in 0...5 { fix(index, 8, isDark: bit(index)) }
        fix(7, 8, isDark: bit(6))
        fix(8, 8, isDark: bit(7))
        fix(8, 7, isDark: bit(8))
        for index in 9..<15 { fix(8, 14 - index, isDark: bit(index)) }
        for index in 0..<8 { fix(8, side - 1 - index, isDark: bit(index)) }
        for index in 8..<15 { fix(side - 15 + index, 8, isDark: bit(index)) }
        fix(side - 8, 8, isDark: true)
    }

    /// Draws the version, twice, with 12 bits of a BCH code. Versions below 7 are read off the size.
    private mutating func drawVersion() {
        guard version >= 7 else { return }
        var remainder = version
        for _ in 0..<12 { remainder = remainder << 1 ^ (remainder >> 11) * 0x1F25 }
        let bits = version << 12 | remainder
        for index in 0..<18 {
            let isDark = bits >> index & 1 == 1
            fix(side - 11 + index % 3, index / 3, isDark: isDark)
            fix(index / 3, side - 11 + index % 3, isDark: isDark)
        }
    }

    // MARK: Data

    /// Places the codewords in columns of two modules, upwards and downwards in turn, from the right.
    private mutating func place(_ codewords: [UInt8]) {
        var index = 0
        var isUpwards = true
        for right in stride(from: side - 1, through: 1, by: -2) {
            // The column of the timing pattern holds no data.
            let right = right <= 6 ? right - 1 : right
            for position in 0..<side {
                let row = isUpwards ? side - 1 - position : position
                for column in [right, right - 1] where !isFixed[row * side + column] && index < codewords.count * 8 {
                    modules[row * side + column] = codewords[index / 8] >> (7 - index % 8) & 1 == 1
                    index += 1
                }
            }
            isUpwards.toggle()
        }
    }

    private mutating func apply(mask: Int) {
        for row in 0..<side {
            for column in 0..<side where !isFixed[row * side + column] && Self.flips(mask, row: row, column: column) {
                modules[row * side + column].toggle()
            }
        }
        drawFormat(mask: mask)
    }

    private static func flips(_ mask: Int, row: Int, column: Int) -> Bool {
        switch mask {
        case 0: (row + column) % 2 == 0
        case 1: row % 2 == 0
        case 2: column % 3 == 0
        case 3: (row + column) % 3 == 0
        case 4: (row / 2 + column / 3) % 2 == 0
        case 5: row * column % 2 + row * column % 3 == 0
        case 6: (row * column % 2 + row * column % 3) % 2 == 0
        default: ((row + column) % 2 + row * column % 3) % 2 == 0
        }
    }
}
