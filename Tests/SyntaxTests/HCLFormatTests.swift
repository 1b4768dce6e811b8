import Syntax
import Testing

@Suite("Formatting HCL")
struct HCLFormatTests {
    static let rows: [(String, String)] = [
        ("", ""),
        ("\n\n\na=1\n\n\n\nb=2\n\n", "a = 1\n\nb = 2\n"),
        ("a=1\nlonger = 2\n\nx=3\n", "a      = 1\nlonger = 2\n\nx = 3\n"),
        ("path \"a\" {\ncapabilities=[\"read\",\"list\" ,]\n}\n", "path \"a\" {\n  capabilities = [\"read\", \"list\"]\n}\n"),
        ("a {\n\n  b = 1\n\n}\nc {\n}\n", "a {\n  b = 1\n}\n\nc {\n}\n"),
        ("a {}\nb {  }\n", "a {}\nb {}\n"),
        ("a { b=1,c = 2 }", "a { b = 1, c = 2 }\n"),
        ("# top\r\na = 1 # one  \r\n// next\nb = 2\n", "# top\na = 1 # one\n// next\nb = 2\n"),
        ("a = [\n1,\n    # two\n2\n]\n", "a = [\n  1,\n  # two\n  2\n]\n"),
        ("a = [{\nb = 1\n}, {\nb = 2\n}]\n", "a = [{\n  b = 1\n}, {\n  b = 2\n}]\n"),
        ("a {\n/* b\n   c */\nx = <<E\n  y\nE\nlong = 1\n}\n", "a {\n  /* b\n   c */\n  x = <<E\n  y\nE\n  long = 1\n}\n"),
        ("\u{FEFF}a=\"{{x}}\\n\"", "a = \"{{x}}\\n\"\n"),
        ("a = { b = { c = 1\nd = 2 }\n}", "a = { b = { c = 1\n  d = 2 }\n}\n"),
        (#"{"a":{"b":[1.0]}}"#, "{\n  \"a\": {\n    \"b\": [\n      1.0\n    ]\n  }\n}\n"),
    ]

    @Test("indents, aligns and keeps comments", arguments: rows)
    func formats(text: String, expected: String) throws {
        let formatted = try HCLFormat.formatted(text)
        #expect(formatted == expected)
        #expect(try HCLFormat.formatted(formatted) == formatted, "formatting again changes nothing")
    }

    @Test("a text that cannot be read is not touched")
    func broken() {
        #expect(throws: HCLError.self) { try HCLFormat.formatted("a = ") }
    }
}
