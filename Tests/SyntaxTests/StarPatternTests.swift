import Syntax
import Testing

@Suite("Patterns with *") struct StarPatternTests {
    @Test(
        "match the whole text, byte by byte",
        arguments: [
            ("", "", true), ("", "*", true), ("", "**", true), ("", "a", false), ("a", "", false), ("abc", "abc", true),
            ("abc", "abd", false), ("abc", "ABC", false), ("abc", "a*", true), ("abc", "*c", true), ("abc", "*b*", true),
            ("abc", "a*c", true), ("abc", "ab*bc", false), ("abbc", "ab*bc", true), ("abc", "abc*", true), ("abc", "*abc", true),
            ("abc", "abcd*", false), ("abc", "a**c", true), ("aXbXc", "a*b*c", true), ("aXcXb", "a*b*c", false),
            ("ab", "a*b*b", false), ("abab", "*ab", true), ("a*c", "a*c", true), ("aab", "*a*ab", true), ("ab", "*a*ab", false),
            ("\u{E9}", "e\u{301}", false), ("e\u{301}", "e*", true), ("\u{E9}", "e*", false), ("\r\n", "\r*", true),
        ])
    func matches(text: String, pattern: String, isMatch: Bool) {
        #expect(text.matchesUTF8(pattern) == isMatch)
        #expect("x\(text)y".dropFirst().dropLast().matchesUTF8(pattern) == isMatch || text == "\r\n")
    }

    @Test("take time that a caller cannot stretch")
    func time() {
        let text = String(repeating: "a", count: 512)
        let pattern = String(repeating: "a*", count: 250) + "b"
        #expect(!text.matchesUTF8(pattern))
    }
}
