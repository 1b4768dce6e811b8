import Foundation

/// The Swift sources of the package as text, so that a rule can be tried on made-up files too.
struct SourceTree {
    struct File {
        /// Relative to `Sources`, such as `Core/Pipeline/CoreRequest.swift`.
        var path: String
        var text: String

        /// The first folder: the target that the file is compiled into.
        var room: String { String(path.prefix { $0 != "/" }) }

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    var files: [File]

    /// The sources that this test was compiled beside.
    static func ofThisPackage(testFile: String = #filePath) throws -> SourceTree {
        let root = URL(fileURLWithPath: testFile).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sources = root.appendingPathComponent("Sources").resolvingSymlinksInPath().path
        var files: [File] = []
        for relative in try FileManager.default.subpathsOfDirectory(atPath: sources).sorted() where relative.hasSuffix(".swift") {
            let text = try String(contentsOfFile: sources + "/" + relative, encoding: .utf8)
            files.append(File(path: relative, text: text))
        }
        return SourceTree(files: files)
    }
}

extension SourceTree.File {
    /// The modules that the file imports, with the line each import stands on. Comments do not count.
    var imports: [(module: String, line: Int)] {
        var found: [(module: String, line: Int)] = []
        var isInBlockComment = false
        for (index, line) in lines.enumerated() {
            let code = Self.code(of: line, isInBlockComment: &isInBlockComment)
            for statement in code.split(separator: ";") {
                if let module = Self.module(importedBy: statement) { found.append((module, index + 1)) }
            }
        }
        return found
    }

    private static func code(of line: Substring, isInBlockComment: inout Bool) -> Substring {
        var rest = line
        if isInBlockComment {
            guard let end = rest.range(of: "*/") else { return "" }
            isInBlockComment = false
            rest = rest[end.upperBound...]
        }
        if let start = rest.range(of: "/*") {
            isInBlockComment = rest[start.upperBound...].range(of: "*/") == nil
            rest = rest[..<start.lowerBound]
        }
        if let comment = rest.range(of: "//") { rest = rest[..<comment.lowerBound] }
        return rest
    }

    /// `@preconcurrency package import struct NIOCore.ByteBuffer` imports `NIOCore`.
    private static func module(importedBy statement: Substring) -> String? {
        var words = statement.split(separator: " ").map(String.init)
        let levels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
        while let first = words.first, first.hasPrefix("@") || levels.contains(first) { words.removeFirst() }
        guard words.first == "import", words.count >= 2 else { return nil }
        words.removeFirst()
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let", "actor"]
        if words.count >= 2, kinds.contains(words[0]) { words.removeFirst() }
        return words[0].split(separator: ".").first.map(String.init)
    }
}

extension Substring {
    /// The line without the comment at its end. `//` in a string literal, such as that of a URL, begins none.
    var withoutComment: Substring {
        // Few lines have one, and a look at every byte of the others takes long.
        guard range(of: "//") != nil else { return self }
        var isInString = false
        var isEscaped = false
        var previous: UInt8 = 0
        for place in utf8.indices {
            let byte = utf8[place]
            if !isInString, byte == UInt8(ascii: "/"), previous == byte { return self[..<utf8.index(before: place)] }
            if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
            isEscaped = isInString && byte == UInt8(ascii: "\\") && !isEscaped
            previous = byte
        }
        return self
    }
}
