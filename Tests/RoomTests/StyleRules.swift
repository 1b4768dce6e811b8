import Foundation

/// House rules that the formatter does not know.
enum StyleRules {
    static let linesMax = 450

    /// What needs its reason in a comment on the same line or just above.
    private static let needsReason = ["@unchecked Sendable", "try!", "fatalError(", "nonisolated(unsafe)"]
    /// Spelled in two halves so that this file does not break its own rule.
    private static let unfinished = ["TO" + "DO", "FIX" + "ME", "X" + "XX:"]

    /// Whoever lists names asks ``Paging``, so that a limit means the same everywhere.
    private static let paging = (words: [#"int("limit")"#, #"number("limit")"#], home: "EngineKit/Requests/Paging.swift")

    static func violations(in tree: SourceTree) -> [String] {
        tree.files.flatMap { file in tooLong(file) + file.lines.indices.flatMap { lineViolations(file, at: $0) } }
    }

    private static func tooLong(_ file: SourceTree.File) -> [String] {
        let count = file.lines.count
        return count > linesMax ? ["\(file.path): \(count) lines; what second thing has it become?"] : []
    }

    private static func lineViolations(_ file: SourceTree.File, at index: Int) -> [String] {
        let line = file.lines[index]
        var found = unfinished.filter { line.contains($0) }.map { "\(file.path):\(index + 1): \($0) is left" }
        let code = line.withoutComment
        for word in needsReason where code.contains(word) && !hasReason(file.lines, at: index) {
            found.append("\(file.path):\(index + 1): \(word) without a reason beside it")
        }
        if paging.words.contains(where: { code.contains($0) }), file.path != paging.home {
            found.append("\(file.path):\(index + 1): reads a limit by itself; use Paging")
        }
        return found
    }

    private static func hasReason(_ lines: [Substring], at index: Int) -> Bool {
        if lines[index].contains("//") { return true }
        guard index > 0 else { return false }
        return lines[index - 1].drop { $0 == " " }.hasPrefix("//")
    }
}
