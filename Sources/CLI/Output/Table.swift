/// Columns of text with an underlined header; four spaces between them.
struct Table {
    var header: [String]
    var rows: [[String]] = []

    /// An empty cell reads `n/a`.
    var text: String {
        let underline = header.map { String(repeating: "-", count: $0.count) }
        let lines = [header, underline] + rows.map { $0.map { $0.isEmpty ? "n/a" : $0 } }
        return Self.aligned(lines)
    }

    /// Aligned columns without a header.
    static func aligned(_ lines: [[String]]) -> String {
        var widths: [Int] = []
        for line in lines {
            for (column, cell) in line.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return lines.map { line in
            line.enumerated().map { column, cell in
                column == line.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 4)
            }.joined()
        }.joined(separator: "\n")
    }

    /// `== Title ==`, as wide as what stands below it.
    static func title(_ text: String, width: Int) -> String {
        let room = max(width - text.count - 2, 4)
        let side = String(repeating: "=", count: (room + 1) / 2)
        return "\(side) \(text) \(side)"
    }
}
