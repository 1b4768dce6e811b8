import Syntax
import Testing

@Suite("JSON")
struct JSONTests {
    static let accepted: [(String, JSON)] = [
        ("null", .null), ("true", true), ("false", false), (" \t\r\n1 ", .number("1")), ("\"\"", ""), ("[]", []), ("{}", [:]),
        ("0", .number("0")), ("-0", .number("-0")), ("1.0", .number("1.0")), ("-1.50E+07", .number("-1.50E+07")),
        ("1e400", .number("1e400")), ("12345678901234567890123", .number("12345678901234567890123")),
        ("[1,[2,{}]]", [1, [2, [:]]]), (#"{"b":1,"a":{"c":null}}"#, ["b": 1, "a": ["c": .null]]),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0000\u00e9\u20ac""#, "\u{0}é€"),
        (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00é""#, "😀é"), ("\"é😀\u{7F}\"", "é😀\u{7F}"), (#"{"":0}"#, ["": 0]),
    ]

    @Test("values are read as they are written", arguments: accepted)
    func reads(text: String, expected: JSON) throws {
        #expect(try JSON(parsing: text) == expected)
        #expect(try JSON(parsing: expected.encoded()) == expected, "what is encoded is read back")
        #expect(try JSON(parsing: expected.pretty()) == expected, "what is indented is read back")
    }

    static let refused: [(String, JSONError.Reason, Int)] = [
        ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("nul", .unexpectedEnd, 3), ("nulL", .unexpectedCharacter, 3),
        ("True", .unexpectedCharacter, 0), ("1 2", .trailingText, 2), ("{}x", .trailingText, 2), ("[1,]", .unexpectedCharacter, 3),
        ("[1 2]", .unexpectedCharacter, 3), ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("]", .unexpectedCharacter, 0),
        ("{", .unexpectedEnd, 1), (#"{"a"}"#, .unexpectedCharacter, 4), (#"{"a":}"#, .unexpectedCharacter, 5),
        (#"{"a":1,}"#, .unexpectedCharacter, 7), ("{a:1}", .unexpectedCharacter, 1), (#"{"a":1 "b":2}"#, .unexpectedCharacter, 7),
        ("{1:2}", .unexpectedCharacter, 1), ("'a'", .unexpectedCharacter, 0), ("// x\n1", .unexpectedCharacter, 0),
        ("\u{FEFF}1", .unexpectedCharacter, 0), ("NaN", .unexpectedCharacter, 0), ("Infinity", .unexpectedCharacter, 0),
        ("01", .badNumber, 2), ("-", .badNumber, 1), ("-01", .badNumber, 3), ("1.", .badNumber, 2), (".5", .unexpectedCharacter, 0),
        ("1e", .badNumber, 2), ("1e+", .badNumber, 3), ("+1", .unexpectedCharacter, 0), ("0x10", .trailingText, 1),
        (#"{"a":1,"a":2}"#, .duplicateKey, 7), (#"{"a":1,"\u0061":2}"#, .duplicateKey, 7),
        (#"{"x":{"a":1,"b":2,"a":3}}"#, .duplicateKey, 18),
        (#""a"#, .unexpectedEnd, 2), ("\"a\nb\"", .controlCharacter, 2), ("\"\\n\n\"", .controlCharacter, 3),
        ("\"\u{0}\"", .controlCharacter, 1),
        (#""\x""#, .badEscape, 3), (#""\u12"#, .unexpectedEnd, 3), (#""\u12G4""#, .badEscape, 5), (#""\"#, .unexpectedEnd, 2),
        (#""\ud83d""#, .badEscape, 7), (#""\ude00""#, .badEscape, 7), (#""\ud83d\u0041""#, .badEscape, 13),
        (#""\ud83dx\u0041""#, .badEscape, 7),
    ]

    @Test("what RFC 8259 does not allow is refused with its place", arguments: refused)
    func refuses(text: String, reason: JSONError.Reason, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
        #expect(error?.reason == reason && error?.offset == offset, "\(error.map(String.init(describing:)) ?? "accepted")")
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0x5C, 0x6E, 0x80, 0x22],
            [0x7B, 0x22, 0xF8, 0x22, 0x3A, 0x31, 0x7D],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
    }

    @Test("depth and the number of values are bounded")
    func limits() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try JSON(parsing: nested(64)) }
        let deep = #expect(throws: JSONError.self) { try JSON(parsing: nested(65)) }
        #expect(deep?.reason == .tooDeep && deep?.offset == 64)
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
        let three = JSONLimits(depthMax: 2, nodesMax: 3)
        #expect(throws: Never.self) { try JSON(parsing: "[1,2]", limits: three) }
        let many = #expect(throws: JSONError.self) { try JSON(parsing: "[1,2,3]", limits: three) }
        #expect(many?.reason == .tooManyValues && many?.offset == 5)
        #expect(throws: Never.self) { try JSON(parsing: #"{"a":1}"#, limits: three) }
        #expect(throws: JSONError.self) { try JSON(parsing: #"{"a":1,"b":2}"#, limits: three) }
    }

    @Test("a duplicate is found in objects of every size", arguments: [1, 7, 8, 9, 10, 100])
    func duplicates(size: Int) throws {
        let members = (0..<size).map { "\"k\($0)\":\($0)" }
        #expect(try JSON(parsing: "{\(members.joined(separator: ","))}").objectValue?.count == size)
        for index in Set([0, size / 2, size - 1]) {
            let text = "{\((members + ["\"k\(index)\":0"]).joined(separator: ","))}"
            #expect(throws: JSONError.self) { try JSON(parsing: text) }
        }
    }

    @Test("an error never repeats the text")
    func noValues() {
        for text in ["\"canary", "{\"canary\":}", "[canary]", "{\"canary\":1,\"canary\":2}"] {
            let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
            #expect(error?.description.contains("canary") == false)
        }
    }

    @Test("text is escaped only where it must be")
    func encoding() {
        let text = String(decoding: JSON.string("a\"\\/\n\r\t\u{1}\u{1F}\u{7F}é\u{2028}<").encoded(), as: UTF8.self)
        #expect(text == #""a\"\\/\n\r\t\u0001\u001f"# + "\u{7F}é\u{2028}<\"")
        #expect(JSON.raw(Array("[1, 2]".utf8)).encoded() == Array("[1, 2]".utf8))
        #expect(String(decoding: JSON.object(["a": [1, .null], "b": "x"]).encoded(), as: UTF8.self) == #"{"a":[1,null],"b":"x"}"#)
    }

    @Test("indented text")
    func pretty() {
        let value: JSON = ["a": [1, "x"], "b": [:], "c": [], "d": ["e": .null]]
        #expect(
            value.pretty() == """
                {
                  "a": [
                    1,
                    "x"
                  ],
                  "b": {},
                  "c": [],
                  "d": {
                    "e": null
                  }
                }
                """)
    }

    @Test("members keep their order when they are set and removed")
    func object() {
        var object: JSONObject = ["b": 1, "a": 2]
        object["c"] = 3
        object["b"] = 4
        object["a"] = nil
        object["none"] = nil
        #expect(object.keys == ["b", "c"])
        #expect(object["b"] == 4)
        #expect(object["a"] == nil)
    }

    @Test("views of a value")
    func views() throws {
        #expect(JSON.number("5").intValue == 5)
        #expect(JSON.number("5.0").intValue == nil)
        #expect(JSON.number("99999999999999999999").intValue == nil)
        #expect(JSON.string("5").intValue == nil)
        #expect(JSON.number("9007199254740991").countValue == 9_007_199_254_740_991)
        for text in ["9007199254740992", "9223372036854775807", "-1", "1.5"] { #expect(JSON.number(text).countValue == nil) }
        #expect(JSON.optional(nil).isNull)
        #expect(JSON.optional("x").stringValue == "x")
        #expect(JSON.strings(["a", "b"]).arrayValue?.count == 2)
        #expect(try JSON.raw(Array("{\"a\":true}".utf8)).parsed()["a"]?.boolValue == true)
        #expect(throws: JSONError.self) { try JSON.raw(Array("{".utf8)).parsed() }
    }

    @Test("damaged documents never stop the process, and what is accepted survives a round trip")
    func damaged() throws {
        var random = SplitMix64(seed: 1)
        let seeds =
            Self.accepted.map { Array($0.0.utf8) } + [Array(#"{"a":[1.5e3,"\ud83d\ude00é",{"b":null}],"c":{"d":"\\\"x"}}"#.utf8)]
        let tokens = ["{", "}", "[", "]", "\"", "\\u", "\\ud800", ",", ":", "1e9", "null", "\0", "\u{FFFF}"].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            let bytes = random.damaged(random.pick(seeds), tokens: tokens)
            guard let value = try? JSON(parsing: bytes) else { continue }
            #expect(try JSON(parsing: value.encoded()) == value)
        }
    }
}
