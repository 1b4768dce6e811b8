import Foundation

/// Hexadecimal, base64, classes of ASCII bytes and the calendar are in `Syntax/Text`, once. Each copy had its own strictness,
/// and nobody could say which, so the sources may not spell them out anywhere else.
///
/// A place that means something else says so beside it: `// text: a number`.
enum TextRules {
    private static let rules: [(pattern: String, instead: String)] = [
        (#"0123456789(abc|ABCDEF|")"#, "Hex or ASCII.digits"),
        (#"radix: 16"#, "Hex"),
        (#"hexDigitValue|isHexDigit"#, "Hex.value"),
        (#"(?i)ABCDEFGHIJKLM"#, "Base64 or ASCII"),
        (#"base64EncodedString|base64EncodedData|base64Encoded:"#, "Base64"),
        (#"\| 0x20\b|& 0xDF\b"#, "asciiLowercased, isASCIILetter"),
        (#"0x30\.\.\.0x39|0x[46]1\.\.\.0x|>= 0x(30|41|61)\b"#, "isASCIIDigit, isASCIILetter and the like"),
        (#"\(ascii: "[aA0]"\)\.\.\.|>= UInt8\(ascii: "[aA0]"\)"#, "isASCIIDigit, isASCIILetter and the like"),
        (#"&- 0x(30|41|61)\b"#, "isASCIIDigit, isASCIILetter and the like"),
        (#"\b(146_?097|719_?468|36_?524)\b"#, "CivilDate"),
    ]

    private static let expressions = rules.map { rule in
        // The patterns above are literals, so they are well formed.
        (try! NSRegularExpression(pattern: rule.pattern), rule.instead)
    }

    /// Where they are.
    private static let home = "Syntax/Text/"

    static func violations(in tree: SourceTree) -> [String] {
        tree.files.filter { !$0.path.hasPrefix(home) }.flatMap { file in
            file.lines.enumerated().flatMap { index, line in
                refusals(of: line).map { "\(file.path):\(index + 1): has its own idea of text; use \($0)" }
            }
        }
    }

    private static func refusals(of line: Substring) -> [String] {
        let line = String(line)
        guard !line.drop(while: { $0 == " " }).hasPrefix("//"), !line.contains("// text: ") else { return [] }
        return expressions.filter { $0.0.firstMatch(in: line, range: NSRange(line.startIndex..., in: line)) != nil }.map(\.1)
    }
}
