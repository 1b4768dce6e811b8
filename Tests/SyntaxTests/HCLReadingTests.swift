import Syntax
import Testing

@Suite("Taking settings from a document")
struct HCLReadingTests {
    @Test(
        "a labelled block is found however it is written",
        arguments: [
            #"listener "tcp" { a = 1 } listener "unix" { a = 2 }"#,
            #"listener { tcp { a = 1 } unix { a = 2 } }"#,
            #"listener = { tcp = { a = 1 }, unix = { a = 2 } }"#,
            #"listener = [{ tcp = { a = 1 } }, { "unix" = { a = 2 } }]"#,
            #"{"listener":{"tcp":{"a":1},"unix":{"a":2}}}"#,
            #"{"listener":[{"tcp":{"a":1}},{"unix":{"a":2}}]}"#,
            #"{"listener":[{"tcp":[{"a":1}],"unix":{"a":2}}]}"#,
        ])
    func blocks(text: String) throws {
        let blocks = try HCLBody(parsing: text).blocks("listener", labels: 1)
        #expect(blocks.map(\.labels) == [["tcp"], ["unix"]])
        #expect(try blocks.map { try $0.body.int("a") } == [1, 2])
    }

    @Test(
        "blocks keep the order of the text and may repeat",
        arguments: [#"b "x" { n = 1 } b "x" { n = 2 } b "x" { n = 3 }"#, #"{"b":{"x":[{"n":1},{"n":2},{"n":3}]}}"#])
    func order(text: String) throws {
        #expect(try HCLBody(parsing: text).blocks("b", labels: 1).map { try $0.body.int("n") } == [1, 2, 3])
    }

    static let badBlocks: [(String, Int, String)] = [
        (#"b "x" "y" {}"#, 1, #"line 1, column 1: "b" takes one label"#),
        (#"b "x" {}"#, 0, #"line 1, column 1: "b" takes no label"#),
        (#"b { n = 1 }"#, 1, #"line 1, column 5: "b" needs a label before its settings"#),
        (#"{"b":{"n":1}}"#, 1, #"line 1, column 7: "b" needs a label before its settings"#),
        (#"b = 1"#, 0, #"line 1, column 1: "b" must be a block"#),
        (#"{"b":[{},1]}"#, 0, #"line 1, column 2: "b" must be a block"#),
        (#"{"b":null}"#, 1, #"line 1, column 2: "b" must be a block"#),
    ]

    @Test("a block of another shape is refused", arguments: badBlocks)
    func refuses(text: String, labels: Int, message: String) throws {
        let body = try HCLBody(parsing: text)
        let error = #expect(throws: HCLError.self) { try body.blocks("b", labels: labels) }
        #expect(error?.description == message)
    }

    @Test("settings are read leniently where Vault does")
    func settings() throws {
        let body = try HCLBody(
            parsing:
                #"s = "x", n = 5, q = "7", t = true, u = "false", v = 1, d = "1h30m", e = 90, l = ["a"], m = "b", o = { k = 1 }"#)
        #expect(try body.string("s") == "x")
        #expect(try body.text("n") == "5")
        #expect(try body.int("n") == 5)
        #expect(try body.int("q") == 7)
        #expect(try body.bool("t") == true)
        #expect(try body.bool("u") == false)
        #expect(try body.bool("v") == true)
        #expect(try body.seconds("d") == 5_400)
        #expect(try body.seconds("e") == 90)
        #expect(try body.strings("l") == ["a"])
        #expect(try body.strings("m") == ["b"])
        #expect(try body.object("o")?.int("k") == 1)
        #expect(try body.string("none") == nil)
        #expect(try body.object("none") == nil)
        #expect(body.names.map(\.name) == ["s", "n", "q", "t", "u", "v", "d", "e", "l", "m", "o"])
    }

    @Test("a setting of another kind is refused by name, never by value")
    func wrongKinds() throws {
        let body = try HCLBody(parsing: "a = \"canary\"\nb = [\"canary\", 1]\nc = { canary = 1 }\nd { x = \"canary\" }\ne = 1.5")
        func message(_ read: (HCLBody) throws -> Any?) -> String {
            do {
                _ = try read(body)
                return "accepted"
            } catch { return "\(error)" }
        }
        #expect(message { try $0.int("a") } == "line 1, column 5: \"a\" must be a whole number")
        #expect(message { try $0.bool("a") } == "line 1, column 5: \"a\" must be true or false")
        #expect(message { try $0.seconds("a") }.hasPrefix("line 1, column 5: \"a\" must be a duration"))
        #expect(message { try $0.strings("b") } == "line 2, column 5: \"b\" must be a list of strings")
        #expect(message { try $0.string("b") } == "line 2, column 5: \"b\" must be a string")
        #expect(message { try $0.text("c") } == "line 3, column 5: \"c\" must be a string")
        #expect(message { try $0.string("d") } == "line 4, column 1: \"d\" must be a string")
        #expect(message { try $0.int("e") } == "line 5, column 5: \"e\" must be a whole number")
        #expect(message { try $0.object("a") } == "line 1, column 1: \"a\" must be a block")
    }

    @Test("unknown keys are refused with the first one's place")
    func unknown() throws {
        let body = try HCLBody(parsing: "a = 1\nz {}\nb = 2")
        #expect(throws: Never.self) { try body.refuseUnknown(except: ["a", "b", "z"]) }
        #expect(throws: HCLError("unknown key \"z\"", at: .init(line: 2, column: 1))) { try body.refuseUnknown(except: ["a"]) }
    }

    @Test("a name in a message is short and has no control characters")
    func quoted() {
        #expect(HCLError.quoted("a\nb\u{1B}[0m\u{202E}") == "\"a?b?[0m?\"")
        #expect(HCLError.quoted(String(repeating: "é", count: 200)) == "\"" + String(repeating: "é", count: 128) + "...\"")
    }
}
