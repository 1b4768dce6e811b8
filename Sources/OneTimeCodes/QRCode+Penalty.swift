/// How hard a symbol is to read (ISO/IEC 18004, 7.8.3), by which its mask is chosen.
extension QRCode {
    /// The penalty: higher is worse.
    var penalty: Int {
        let lines = (0..<side).flatMap { index in
            [(0..<side).map { self[index, $0] }, (0..<side).map { self[$0, index] }]
        }
        return lines.reduce(0) { $0 + Self.penalty(of: $1) } + squares + imbalance
    }

    /// The penalty of a row or column: 3 points for five modules alike and 1 for each more, and 40 for what looks like a finder.
    private static func penalty(of line: [Bool]) -> Int {
        var total = 0
        var run = 1
        for index in 1...line.count {
            if index < line.count, line[index] == line[index - 1] {
                run += 1
            } else {
                if run >= 5 { total += run - 2 }
                run = 1
            }
        }
        // Dark, light, three dark, light, dark, with four light ones before or after, of which some may be outside the symbol.
        let finder = [true, false, true, true, true, false, true]
        guard line.count >= finder.count else { return total }
        for start in 0...(line.count - finder.count) where line[start..<start + finder.count].elementsEqual(finder) {
            let end = start + finder.count
            let isLightBefore = !line[max(0, start - 4)..<start].contains(true)
            let isLightAfter = !line[end..<min(line.count, end + 4)].contains(true)
            if isLightBefore { total += 40 }
            if isLightAfter { total += 40 }
        }
        return total
    }

    /// 3 points for each square of two by two modules alike.
    private var squares: Int {
        var total = 0
        for row in 1..<side {
            for column in 1..<side {
                let isDark = self[row, column]
                if self[row - 1, column] == isDark, self[row, column - 1] == isDark, self[row - 1, column - 1] == isDark {
                    total += 3
                }
            }
        }
        return total
    }

    /// 10 points for each 5 % by which the dark modules are more or fewer than half.
    private var imbalance: Int {
        let dark = modules.count { $0 }
        return abs(dark * 20 - modules.count * 10) / modules.count * 10
    }
}
