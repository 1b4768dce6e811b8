import Testing

@Suite("Text primitives")
struct TextTests {
    @Test("hex, base64, ASCII classes and the calendar are written in one place")
    func oneOfEach() throws {
        let violations = TextRules.violations(in: try SourceTree.ofThisPackage())
        #expect(violations == [], "\(violations)")
    }

    @Test(
        "notices a copy",
        arguments: [
            #"let digits = Array("0123456789abcdef".utf8)"#, #"let digits = Array("0123456789ABCDEF".utf8)"#,
            "text += String(byte, radix: 16)", "let digit = Character(scalar).hexDigitValue",
            #"let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ""#, "let text = Data(bytes).base64EncodedString()",
            "let data = Data(base64Encoded: text)", "byte | 0x20 == other", "(0x30...0x39).contains(byte)",
            #"case UInt8(ascii: "a")...UInt8(ascii: "f"): byte"#, "if byte >= 0x30 { }", "let isLetter = byte &- 0x61 < 26",
            "let era = days / 146_097",
        ])
    func noticesCopy(text: String) {
        let tree = SourceTree(files: [.init(path: "Core/Planted.swift", text: text)])
        #expect(TextRules.violations(in: tree).count == 1)
    }

    @Test(
        "leaves the home of text, comments and places with a reason alone",
        arguments: [
            ("Syntax/Text/Fine.swift", "let digits = \"0123456789abcdef\""), ("Core/Fine.swift", "// 146_097 days in 400 years"),
            ("Core/Fine.swift", "let value = UInt64(text, radix: 16)  // text: a number"),
        ])
    func allowsOthers(path: String, text: String) {
        #expect(TextRules.violations(in: SourceTree(files: [.init(path: path, text: text)])) == [])
    }
}
