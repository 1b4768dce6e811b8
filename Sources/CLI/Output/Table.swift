/// A table of text with an underlined header and four spaces between its columns.
struct Table {
    /// The names of the columns.
    var header: [String]
    /// The rows, each with a cell for each column.
    var rows: [[String]] = []

    /// The table as text. An empty cell is written as `n/a`.
    var text: String {
        let underline = header.map { String(repeating: "-", count: $0.count) }
        let lines = [header, underline] + rows.map { $0.map { $0.isEmpty ? "n/a" : $0 } }
        return Self.aligned(lines)
    }

    /// Returns lines of cells as aligned columns without a header.
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

    /// Returns a title, `== Title ==`, about as wide as the text below it.
    static func title(_ text: String, width: Int) -> String {
        let room = max(width - text.count - 2, 4)
        let side = String(repeating: "=", count: (room + 1) / 2)
        return "\(side) \(text) \(side)"
    }
}
