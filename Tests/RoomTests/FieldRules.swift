import Foundation

/// How handlers read the fields of a request. A field's default is declared with the field, so no place of reading repeats one, and
/// what is read by its name is declared in the same room.
enum FieldRules {
    // The patterns are literals, so they are well formed.
    private static let declaration = try! NSRegularExpression(
        pattern: #"(?:Field|Setting|accepted|shown|remembered|query)\(\s*"(\w+)"|\{(\w+)(?:\.\.\.)?\}"#)
    private static let reading = try! NSRegularExpression(pattern: #"fields\.\w+\("(\w+)"\)"#)
    private static let repetition = try! NSRegularExpression(
        pattern: #"fields\.\w+\([^()]*\) (?:\?\? (?:"|\d|\[|true|false)|[!=]= (?:true|false))"#)

    static func violations(in tree: SourceTree) -> [String] {
        var declared: [String: Set<String>] = [:]
        for file in tree.files { declared[file.room, default: []].formUnion(names(declaration, in: file.text)) }
        return tree.files.flatMap { file in
            file.lines.enumerated().flatMap { index, line -> [String] in
                guard line.range(of: "fields.") != nil else { return [] }
                let code = String(line.withoutComment)
                var found = names(reading, in: code).filter { declared[file.room]?.contains($0) != true }
                    .map { "reads the field \($0), which this room does not declare" }
                if repetition.firstMatch(in: code, range: NSRange(code.startIndex..., in: code)) != nil {
                    found.append("repeats a default; declare it with the field, and read text, flag, number, seconds or texts")
                }
                return found.map { "\(file.path):\(index + 1): \($0)" }
            }
        }
    }

    private static func names(_ pattern: NSRegularExpression, in text: String) -> [String] {
        pattern.matches(in: text, range: NSRange(text.startIndex..., in: text)).flatMap { match in
            (1..<match.numberOfRanges).compactMap { Range(match.range(at: $0), in: text).map { String(text[$0]) } }
        }
    }
}
