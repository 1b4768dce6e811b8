/// The standard format of HCL: two spaces of indentation, aligned `=` and no more than one blank line in a row.
public enum HCLFormat {
    /// Returns a text in the standard format. Comments and line breaks are kept. A JSON document is indented by two spaces.
    ///
    /// - Throws: ``HCLError`` if the text is not valid HCL or JSON.
    public static func formatted(_ text: String, limits: HCLLimits = .init()) throws(HCLError) -> String {
        let bytes = Array(text.utf8)
        let document = try HCLBody(parsing: bytes, limits: limits)
        if let first = text.utf8.first(where: { $0 > 0x20 && $0 < 0x80 }), first == UInt8(ascii: "{") {
            let json = (try? JSON(parsing: bytes)) ?? .object(document.json)
            return json.pretty() + "\n"
        }
        let lines = try HCLFormat.lines(bytes)
        return render(align(tidyBlankLines(lines)))
    }

    /// A line of the text as tokens.
    private struct Line {
        var pieces: [Piece] = []
        /// The number of brackets that are open before the line, without those that the line begins by closing.
        var depth = 0
        /// The number of brackets that are open after the line.
        var depthAfter = 0
        /// The number of spaces to add before the `=`, which is the second piece.
        var padding = 0

        var isBlank: Bool { pieces.isEmpty }

        /// Whether the line is a complete `name = value`.
        var isAttribute: Bool {
            pieces.count > 2 && pieces[1].kind == .mark(UInt8(ascii: "=")) && depth == depthAfter && !startsWithComment
                && !pieces.contains { if case .heredoc = $0.kind { true } else { false } }
        }
        private var startsWithComment: Bool { pieces.first?.kind == .comment }
        var closes: Bool { pieces.first?.isClosing == true }
    }

    /// A token of a line.
    private struct Piece {
        var kind: HCLLexer.Kind
        var text: String

        var isClosing: Bool { kind == .mark(UInt8(ascii: "}")) || kind == .mark(UInt8(ascii: "]")) }
    }

    private static func lines(_ bytes: [UInt8]) throws(HCLError) -> [Line] {
        var lexer = HCLLexer(bytes)
        var (lines, line) = ([Line](), Line())
        // The depth of the line of each open bracket. Several brackets opened on one line indent once.
        var open: [Int] = []
        var depth: Int { open.last.map { $0 + 1 } ?? 0 }
        while true {
            let token = try lexer.next()
            switch token.kind {
            case .newline, .end:
                line.depthAfter = depth
                lines.append(line)
                if token.kind == .end { return lines }
                line = Line()
                line.depth = depth
                continue
            case .mark(UInt8(ascii: "{")), .mark(UInt8(ascii: "[")): open.append(line.depth)
            case .mark(UInt8(ascii: "}")), .mark(UInt8(ascii: "]")):
                let opener = open.popLast() ?? 0
                if line.pieces.allSatisfy(\.isClosing) { line.depth = opener }
            default: break
            }
            line.pieces.append(Piece(kind: token.kind, text: raw(lexer.text(token.range), token.kind)))
        }
    }

    /// Returns the text of a token, a comment without the white space at its end.
    private static func raw(_ text: String, _ kind: HCLLexer.Kind) -> String {
        guard kind == .comment else { return text }
        var text = Substring(text)
        while let last = text.unicodeScalars.last, last.properties.isWhitespace { text.unicodeScalars.removeLast() }
        return String(text)
    }

    private static func tidyBlankLines(_ lines: [Line]) -> [Line] {
        var result: [Line] = []
        var pending = false
        for line in lines {
            if line.isBlank {
                pending = true
                continue
            }
            if let last = result.last {
                let opened = last.depthAfter > last.depth
                let endsBlock = last.closes && last.depthAfter == 0
                if endsBlock || pending && !opened && !line.closes { result.append(Line()) }
            }
            result.append(line)
            pending = false
        }
        return result
    }

    private static func align(_ lines: [Line]) -> [Line] {
        var lines = lines
        var start = 0
        while start < lines.count {
            var end = start
            while end < lines.count, lines[end].isAttribute, lines[end].depth == lines[start].depth { end += 1 }
            let width = lines[start..<end].map { $0.pieces[0].text.count }.max() ?? 0
            for index in start..<end { lines[index].padding = width - lines[index].pieces[0].text.count }
            start = max(end, start + 1)
        }
        return lines
    }

    private static func render(_ lines: [Line]) -> String {
        var output = ""
        for line in lines {
            if !line.isBlank { output += String(repeating: "  ", count: max(line.depth, 0)) }
            for (index, piece) in line.pieces.enumerated() where !isTrailingComma(index, line) {
                if index > 0, needsSpace(line.pieces[index - 1].kind, piece.kind) { output += " " }
                if index == 1 { output += String(repeating: " ", count: line.padding) }
                output += piece.text
            }
            output += "\n"
        }
        return output
    }

    /// Whether a piece is the last comma of a list, as in `[1, 2,]`.
    private static func isTrailingComma(_ index: Int, _ line: Line) -> Bool {
        index > 0 && index + 1 < line.pieces.count && line.pieces[index].kind == .mark(UInt8(ascii: ","))
            && line.pieces[index + 1].kind == .mark(UInt8(ascii: "]"))
    }

    private static func needsSpace(_ left: HCLLexer.Kind, _ right: HCLLexer.Kind) -> Bool {
        if right == .mark(UInt8(ascii: ",")) || right == .mark(UInt8(ascii: "]")) { return left == .comment }
        if left == .mark(UInt8(ascii: "[")) { return false }
        return left != .mark(UInt8(ascii: "{")) || right != .mark(UInt8(ascii: "}"))
    }
}
