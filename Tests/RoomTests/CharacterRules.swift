import Foundation

/// Text from outside is judged by its bytes (`Syntax/Text/ByteText.swift`). Swift's own prefix, suffix, split, drop and
/// search work on grapheme clusters, in which a combining mark hides the slash before it, so the sources may not use them.
///
/// This reads text, not types: a name in the plural counts as a list, whose `contains` compares whole elements. A place that
/// means characters, such as a column's width, says so: `// characters: the width on a terminal`.
enum CharacterRules {
    /// What a text is usually called here; `drop` and `first` are used on arrays as well, so they are looked for behind these.
    private static let texts =
        "path|name|body|word|token|suffix|host|url|file|folder|segment|pattern|source|"
        + "description|wire|relative|tail|mount|statement|rule|label|id|shown|trimmed|shownPath|relativePath|argument"
    /// Singular, whatever they end in.
    private static let singular = "address|alias|class|status|basis|canvas"

    private static let rules: [(pattern: String, instead: String)] = [
        (#"(?<!\bSelf)\.has(Prefix|Suffix)\b"#, "hasUTF8Prefix or hasUTF8Suffix"),
        (#"\.split\(separator: ""#, "splitUTF8(at:)"),
        (#"\.split(\(whereSeparator:|\([^)]*where:)? ?\{? ?(\$0 == "|\\\.is)"#, "splitUTF8(where:)"),
        (#"(\b(?!asked|known|given|found)[a-zA-Z]*[^s\W]|\b(\#(singular))|\?\? ""\))\.contains\("[^"]*"\)"#, "containsUTF8"),
        (#"\.(first|last)Index\(of: ""#, "firstUTF8Index or cutUTF8"),
        (#"\.(firstRange|ranges|trimmingPrefix|replacing|replacingOccurrences)\((of: )?""#, "rangeOfUTF8 or replacingUTF8"),
        (
            #"\b(\#(texts))[?!]?\.drop(First|Last)\((?![^)]*utf8)"#,
            "removingUTF8Prefix, removingUTF8Suffix, dropFirstUTF8 or dropLastUTF8"
        ),
        (
            #"\.drop(First|Last)\(([a-zA-Z.]*(prefix|suffix|folder|mark|tail|ending)|"[^"]*")\.count\)"#,
            "removingUTF8Prefix or a count of utf8"
        ),
        (#"\b(\#(texts))[?!]?\.(first|last)[?!]? [=!]= ""#, "hasUTF8Prefix or hasUTF8Suffix"),
        (#"\b(\#(texts))[?!]?\.(drop|prefix|suffix)( \{|\(while:)"#, "dropUTF8 or prefixUTF8"),
    ]

    private static let expressions = rules.map { rule in
        // The patterns above are literals, so they are well formed.
        (try! NSRegularExpression(pattern: rule.pattern), rule.instead)
    }

    /// Rooms that run with their caller's own rights over their caller's own arguments.
    static let exempt: Set<String> = ["CLI", "CofferClient", "coffer"]

    static func violations(in tree: SourceTree) -> [String] {
        tree.files.filter { !exempt.contains($0.room) }.flatMap { file in
            file.lines.enumerated().flatMap { index, line in
                refusals(of: line).map { "\(file.path):\(index + 1): counts characters, not bytes; use \($0)" }
            }
        }
    }

    private static func refusals(of line: Substring) -> [String] {
        let line = String(line)
        let start = line.drop { $0 == " " }
        guard !start.hasPrefix("//"), !line.contains("// characters: ") else { return [] }
        return expressions.filter { $0.0.firstMatch(in: line, range: NSRange(line.startIndex..., in: line)) != nil }.map(\.1)
    }
}
