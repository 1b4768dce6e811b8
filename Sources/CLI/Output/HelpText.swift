import Syntax

/// Rearrangement of the help that the parser writes.
enum HelpText {
    /// The width of the text.
    static let columns = 100

    /// Returns help with the connection options last and with one dash before each flag, as in the examples.
    static func arranged(_ text: String) -> String {
        var blocks: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
        }
        let isCommon: ([Substring]) -> Bool = { block in common.contains { block.first?.utf8.elementsEqual($0.utf8) == true } }
        let kept = blocks.filter { !isCommon($0) && !$0.isEmpty } + blocks.filter(isCommon)
        return kept.map { $0.map(withSingleDashes).joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private static let common = ["CONNECTION AND OUTPUT:", "OUTPUT:"]

    /// Replaces `--name` at the beginning of a word by `-name`. A lone `--`, which ends the flags, is kept.
    private static func withSingleDashes(_ line: Substring) -> String {
        let bytes = Array(line.utf8)
        let dash = UInt8(ascii: "-")
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let isStart = index == 0 || " [(/'`".utf8.contains(bytes[index - 1])
            if isStart, index + 2 < bytes.count, bytes[index] == dash, bytes[index + 1] == dash,
                bytes[index + 2].isASCIILetterOrDigit
            {
                index += 1
            }
            result.append(bytes[index])
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Returns an error text without the parser's suggestion for an unknown option if that is not similar, such as `-ns` for `-mfa`.
    static func withoutFarGuess(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let range = line.firstRange(of: ". Did you mean '") else { return String(line) }
            let quoted = line.split(separator: "'", omittingEmptySubsequences: false)
            guard quoted.count >= 5 else { return String(line) }
            let (typed, guess) = (String(quoted[1].drop { $0 == "-" }), String(quoted[3].drop { $0 == "-" }))
            return Spelling.isNear(typed, guess) ? String(line) : line[..<range.lowerBound] + "."
        }.joined(separator: "\n")
    }
}
