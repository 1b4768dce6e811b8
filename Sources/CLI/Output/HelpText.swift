import Syntax

/// The parser's help, arranged for people.
enum HelpText {
    static let columns = 100

    /// What a command is about comes first and the connection's options last; flags have one dash, as in the examples.
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

    /// `--name` at a word's beginning as `-name`; the `--` that ends the flags stays.
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

    /// Without the parser's guess at an unknown option when it is far from what was typed: `-mfa` is not `-ns`.
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
