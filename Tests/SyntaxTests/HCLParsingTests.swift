import Syntax
import Testing

@Suite("Reading HCL")
struct HCLParsingTests {
    /// A document and its members as JSON.
    static let accepted: [(String, String)] = [
        ("", "{}"),
        ("# only\n// comments\n/* here\n */", "{}"),
        ("a = 1", #"{"a":1}"#),
        ("a=1\nb = \"x\"\r\nc = true d = false", #"{"a":1,"b":"x","c":true,"d":false}"#),
        ("\"a b\" = 1", #"{"a b":1}"#),
        ("a-b.c_1 = 1", #"{"a-b.c_1":1}"#),
        ("a = -1.5e-3", #"{"a":-1.5e-3}"#),
        ("a = 0x1F", #"{"a":31}"#),
        ("a = []", #"{"a":[]}"#),
        ("a = [1, \"b\", [true,], {c = 1},]", #"{"a":[1,"b",[true],{"c":1}]}"#),
        ("a = [ # first\n 1, // one\n /* two */ 2\n]", #"{"a":[1,2]}"#),
        ("a = { b = 1, \"c\" = 2\n d = 3 }", #"{"a":{"b":1,"c":2,"d":3}}"#),
        ("a {}", #"{"a":[{}]}"#),
        ("a { b = 1 }\na { b = 2 }", #"{"a":[{"b":1},{"b":2}]}"#),
        ("listener \"tcp\" {\n address = \"x\"\n}", #"{"listener":[{"tcp":{"address":"x"}}]}"#),
        ("a \"b\" c { d { e = 1 } }", #"{"a":[{"b":{"c":{"d":[{"e":1}]}}}]}"#),
        ("a \"b\"\n{\n}", #"{"a":[{"b":{}}]}"#),
        (#"a = "\"\\\/\n\t\r\b\f\a\v\u00e9\U0001F600""#, #"{"a":"\"\\/\n\t\r\b\f\u0007\u000bé😀"}"#),
        (#"a = "{{identity.entity.id}} ${x} # // /* é""#, #"{"a":"{{identity.entity.id}} ${x} # // /* é"}"#),
        ("a = <<EOF\nx\n  y \"z\"\nEOF\nb = 1", #"{"a":"x\n  y \"z\"\n","b":1}"#),
        ("a = <<EOF\nEOF", #"{"a":""}"#),
        ("a = <<-EOF\n    x\n      y\n\n    EOF\n", #"{"a":"x\n  y\n\n"}"#),
        ("a = <<-EOF\n  x\n y\n  EOF\n", #"{"a":"  x\n y\n"}"#),
        ("a = <<E\n EOF\nEE\n  E\n", #"{"a":" EOF\nEE\n"}"#),
        ("\u{FEFF}a = 1", #"{"a":1}"#),
        (#"{"a": {"b": [1, null, true]}, "c": "\ud83d\ude00\/"}"#, #"{"a":{"b":[1,null,true]},"c":"😀/"}"#),
        (" \n{}", "{}"),
    ]

    @Test("documents become the same tree", arguments: accepted)
    func reads(text: String, expected: String) throws {
        let expected = try JSON(parsing: expected)
        #expect(JSON.object(try HCLBody(parsing: text).json) == expected)
    }

    static let refused: [(String, String)] = [
        ("path \"x\"", "line 1, column 9: expected \"{\""),
        ("listener", "line 1, column 9: expected \"=\" or \"{\""),
        ("a =", "line 1, column 4: expected a value"),
        ("a = b", "line 1, column 5: expected a value"),
        ("a = null", "line 1, column 5: expected a value"),
        ("a = 1\n\nb = }", "line 3, column 5: expected a value"),
        ("a = 1\n  a = 2", "line 2, column 3: \"a\" is set twice"),
        ("a { b = 1\n b = 2 }", "line 2, column 2: \"b\" is set twice"),
        ("a {", "line 1, column 4: the text ends before \"}\""),
        ("a = {", "line 1, column 6: the text ends before \"}\""),
        ("}", "line 1, column 1: expected a name"),
        ("a {]", "line 1, column 4: expected a name or \"}\""),
        ("a = [1 2]", "line 1, column 8: expected \",\" or \"]\""),
        ("a = [,]", "line 1, column 6: expected a value"),
        ("a = [", "line 1, column 6: expected a value"),
        ("a \"b\" = 1", "line 1, column 7: expected \"{\""),
        ("a : 1", "line 1, column 3: expected \"=\" or \"{\""),
        ("1 = 2", "line 1, column 1: expected a name"),
        ("a = 012", "line 1, column 5: malformed number"),
        ("a = 1h", "line 1, column 5: malformed number"),
        ("a = 1.", "line 1, column 5: malformed number"),
        ("a = --1", "line 1, column 5: malformed number"),
        ("a = 0x", "line 1, column 5: malformed number"),
        ("a = \"x", "line 1, column 5: the string that starts here is not closed"),
        ("é = 1", "line 1, column 1: unexpected character"),
        ("a = \"é\" é", "line 1, column 9: unexpected character"),
        ("a = \"x\ny\"", "line 1, column 5: the string that starts here is not closed"),
        ("a = \"\u{1}\"", "line 1, column 6: control character in a string"),
        (#"a = "\q""#, "line 1, column 6: malformed escape in a string"),
        (#"a = "\ud83d\ude00""#, "line 1, column 6: malformed escape in a string"),
        (#"a = "\U00110000""#, "line 1, column 6: malformed escape in a string"),
        ("a = 'x'", "line 1, column 5: unexpected character"),
        ("a = <<EOF\nx", "line 1, column 5: the heredoc that starts here is not closed"),
        ("a = <EOF\nEOF\n", "line 1, column 5: the heredoc that starts here is not closed"),
        ("a = <<\nx\n", "line 1, column 5: the heredoc that starts here is not closed"),
        ("/* x", "line 1, column 1: the comment that starts here is not closed"),
        ("/ x", "line 1, column 1: unexpected character"),
        ("a = 1;", "line 1, column 6: unexpected character"),
        ("\0", "line 1, column 1: unexpected character"),
        ("{\n \"a\": 1,\n \"a\": 2}", "line 3, column 2: an object has the same key twice"),
        ("{\"a\": 1,}", "line 1, column 9: unexpected character"),
        ("{\"é\": 1,}", "line 1, column 9: unexpected character"),
        ("{} x", "line 1, column 4: text after the end of the value"),
        ("{ a = 1 }", "line 1, column 3: unexpected character"),
    ]

    @Test("what is wrong is said with its place", arguments: refused)
    func refuses(text: String, message: String) {
        let error = #expect(throws: HCLError.self) { try HCLBody(parsing: text) }
        #expect(error?.description == message)
    }

    @Test("bytes that are not UTF-8 are refused with their line")
    func notUTF8() {
        #expect(throws: HCLError("not valid UTF-8", at: .init(line: 2, column: 1))) {
            try HCLBody(parsing: Array("a = 1\nb = \"".utf8) + [0xFF, 0x22])
        }
        #expect(throws: HCLError.self) { try HCLBody(parsing: Array("{\"a\":\"".utf8) + [0xC0, 0xAF, 0x22, 0x7D]) }
    }

    @Test("size, depth and the number of values are bounded", arguments: ["a = [", "a = {a = ", "a {", #"{"a":["#, #"{"a":{"a":"#])
    func bounds(opening: String) {
        let repeated = opening.hasPrefix("{") ? "{\"a\":" : opening
        for text in [opening + String(repeating: "[", count: 100_000), String(repeating: repeated, count: 100_000)] {
            #expect(throws: HCLError.self) { try HCLBody(parsing: text) }
        }
        func nested(_ depth: Int) -> String { "a = " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try HCLBody(parsing: nested(31)) }
        #expect(throws: HCLError("nested too deeply", at: .init(line: 1, column: 36))) { try HCLBody(parsing: nested(32)) }
        let few = HCLLimits(bytesMax: 40, nodesMax: 4)
        #expect(throws: Never.self) { try HCLBody(parsing: "a = [1, 2]", limits: few) }
        #expect(throws: HCLError.self) { try HCLBody(parsing: "a = [1, 2, 3]", limits: few) }
        #expect(throws: HCLError.self) { try HCLBody(parsing: "a b c d e {}", limits: few) }
        #expect(throws: HCLError.self) { try HCLBody(parsing: String(repeating: " ", count: 41), limits: few) }
    }

    @Test("every node knows where it stands, in HCL and in JSON")
    func positions() throws {
        let hcl = try HCLBody(parsing: "a = 1\n  b \"é\" {\n    c = [true,\n\"x\"]\n}")
        #expect(hcl.attributes[0].position == HCLPosition(line: 1, column: 1))
        #expect(hcl.attributes[0].value.position == HCLPosition(line: 1, column: 5))
        #expect(hcl.blocks[0].position == HCLPosition(line: 2, column: 3))
        #expect(hcl.blocks[0].body.position == HCLPosition(line: 2, column: 9))
        let list = hcl.blocks[0].body.attributes[0].value
        guard case .list(let values) = list.content else { return #expect(Bool(false), "not a list") }
        #expect(values.map(\.position) == [.init(line: 3, column: 10), .init(line: 4, column: 1)])
        let json = try HCLBody(parsing: "{\n  \"a\": {\n    \"b\": 1}}")
        #expect(json.attributes[0].position == HCLPosition(line: 2, column: 3))
        guard case .object(let inner) = json.attributes[0].value.content else { return #expect(Bool(false), "not an object") }
        #expect(inner.attributes[0].value.position == HCLPosition(line: 3, column: 10))
    }

    @Test("damaged documents never stop the process, and formatting keeps what they say")
    func damaged() throws {
        var random = SplitMix64(seed: 2)
        let seeds = Self.accepted.map { Array($0.0.utf8) }
        let tokens = [
            "{", "}", "[", "]", "\"", "\\u", "=", ",", ":", "<<A\n", "<<-A\n", "\nA\n", "#", "/*", "*/", "//", "\n", "\r", "a",
            "\0",
        ]
        .map { Array($0.utf8) }
        for _ in 0..<20_000 {
            let bytes = random.damaged(random.pick(seeds), tokens: tokens)
            guard let body = try? HCLBody(parsing: bytes) else { continue }
            let formatted = try HCLFormat.formatted(String(decoding: bytes, as: UTF8.self))
            let reread = try HCLBody(parsing: formatted)
            if reread.json != body.json {
                Issue.record("formatting changed \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
            if try HCLFormat.formatted(formatted) != formatted {
                Issue.record("formatting is not stable for \(formatted.debugDescription)")
            }
        }
    }
}
