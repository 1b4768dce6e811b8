import Syntax
import Testing

/// A combining mark joins the character before it; U+0D4E joins the one behind it. Neither may hide an ASCII byte.
@Suite("Text by its bytes")
struct ByteTextTests {
    private static let mark = "\u{301}"
    private static let prepend = "\u{0D4E}"

    @Test("a combining mark behind a separator hides nothing", arguments: ["/", "'", ">", "*", ".", ","])
    func combiningMark(byte: String) {
        let text = "a\(byte)\(Self.mark)b"
        #expect(!text.hasPrefix("a\(byte)"), "the standard library's own does not see it: that is why these exist")
        #expect(text.hasUTF8Prefix("a\(byte)"))
        #expect(text.containsUTF8(byte))
        #expect(text.removingUTF8Prefix("a\(byte)").map(bytes) == Array("\(Self.mark)b".utf8))
        #expect("x\(Self.mark)\(byte)".hasUTF8Suffix("\(Self.mark)\(byte)"))
    }

    @Test("a prepending letter swallows no byte behind it", arguments: ["/", "*", "'", ">"])
    func prepending(byte: String) {
        let text = "a\(Self.prepend)\(byte)"
        #expect(String(text.dropLast()) == "a", "the standard library's own drops both")
        #expect(text.hasUTF8Suffix(byte))
        #expect(text.removingUTF8Suffix(byte).map(bytes) == Array("a\(Self.prepend)".utf8))
        #expect(text.containsUTF8(byte))
    }

    @Test("splits at every byte, whatever stands around it")
    func splitting() {
        let text = "a/\(Self.mark)b\(Self.prepend)/c//d/"
        let parts = ["a", "\(Self.mark)b\(Self.prepend)", "c", "d"]
        #expect(text.splitUTF8(at: "/").map(bytes) == parts.map { Array($0.utf8) })
        #expect("a/b//c/".splitUTF8(at: "/", omittingEmpty: false) == ["a", "b", "", "c", ""])
        #expect("a/b//c/".splitUTF8(at: "/", maxSplits: 1, omittingEmpty: false) == ["a", "b//c/"])
        #expect("//a/b".splitUTF8(at: "/", maxSplits: 1) == ["a", "b"])
        #expect("".splitUTF8(at: "/") == [])
        #expect("".splitUTF8(at: "/", omittingEmpty: false) == [""])
        #expect("a b\tc".splitUTF8 { $0 == 0x20 || $0 == 0x09 } == ["a", "b", "c"])
    }

    @Test(
        "splits as the standard library does on plain text",
        arguments: ["", "/", "a", "a/", "/a", "a/b", "a//b", "//", "a/b/c", "///a///"])
    func splittingAlike(text: String) {
        for omitting in [true, false] {
            for limit in [0, 1, 2, Int.max] {
                #expect(
                    text.splitUTF8(at: "/", maxSplits: limit, omittingEmpty: omitting)
                        == text.split(separator: "/", maxSplits: limit, omittingEmptySubsequences: omitting))
            }
        }
    }

    @Test("cuts at the first and at the last byte")
    func cutting() {
        #expect("a=b=c".cutUTF8(at: "=").map { [$0.before, $0.after] } == ["a", "b=c"])
        #expect("a=b=c".cutUTF8(atLast: "=").map { [$0.before, $0.after] } == ["a=b", "c"])
        #expect("abc".cutUTF8(at: "=") == nil)
        #expect("a/\(Self.mark)b".lastUTF8Segment().utf8.elementsEqual("\(Self.mark)b".utf8))
        #expect("abc".lastUTF8Segment() == "abc")
        #expect("a/".lastUTF8Segment() == "")
    }

    @Test("trims ASCII spaces and leaves wider ones")
    func trimming() {
        #expect(" \t a b\r\n".trimmingASCIISpace() == "a b")
        #expect("\u{A0}a\u{3000}".trimmingASCIISpace() == "\u{A0}a\u{3000}")
        #expect(" \(Self.mark)a ".trimmingASCIISpace().utf8.elementsEqual("\(Self.mark)a".utf8))
        #expect("  ".trimmingASCIISpace() == "")
        #expect("//a/b/".trimmingUTF8("/") == "a/b")
    }

    @Test("finds a part wherever it stands, and an empty one at the start")
    func finding() {
        #expect("abcabd".rangeOfUTF8("abd").map { "abcabd"[$0.lowerBound...] } == "abd")
        #expect("aab".containsUTF8("ab"))
        #expect(!"ab".containsUTF8("abc"))
        #expect("ab".containsUTF8(""))
        #expect("abc"["abc".rangeOfUTF8("b")!] == "b")  // "b" stands in the literal beside it
        #expect("a/b/c".firstUTF8Index(of: "/") == "a/b/c".utf8.firstIndex(of: 0x2F))
        #expect("a/b/c".lastUTF8Index(of: "/") == "a/b/c".utf8.lastIndex(of: 0x2F))
    }

    @Test("drops and keeps so many bytes, and cuts no scalar in two")
    func counting() {
        #expect(bytes("a/\(Self.mark)b".dropFirstUTF8(2)) == Array("\(Self.mark)b".utf8))
        #expect(bytes("a\(Self.prepend)/".dropLastUTF8()) == Array("a\(Self.prepend)".utf8))
        #expect("ab".dropFirstUTF8(3) == "" && "ab".dropLastUTF8(3) == "")
        #expect("a\u{E9}b".prefixUTF8(2) == "a" && "a\u{E9}b".prefixUTF8(3) == "a\u{E9}" && "ab".prefixUTF8(9) == "ab")
        let stacked = "a" + String(repeating: Self.mark, count: 1_000)
        #expect(stacked.prefix(1).utf8.count == 2_001, "one cluster of any length: the standard library's own bounds nothing")
        #expect(stacked.prefixUTF8(64).utf8.count == 63)
    }

    @Test("two spellings of one character are two texts")
    func equality() {
        #expect("\u{E9}" == "e\u{301}", "the standard library's own takes them for one")
        #expect(!"\u{E9}".equalsUTF8("e\u{301}"))
        #expect("\u{E9}".equalsUTF8("\u{E9}"))
    }

    private func bytes(_ text: Substring) -> [UInt8] { Array(text.utf8) }
}
