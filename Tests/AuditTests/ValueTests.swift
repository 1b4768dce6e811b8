import Foundation
import Syntax
import Testing

import Audit

@Suite struct ValueTests {
    private func data(_ value: JSON, _ change: (inout AuditRecord) -> Void = { _ in }) throws -> JSON {
        let trail = try Trail()
        try trail.enable()
        var record = AuditRecord.request(value)
        change(&record)
        try trail.broker.record(record)
        return try #require(trail.recorded()[0]["request"]?["data"])
    }

    private func hash(_ text: String) throws -> JSON {
        let trail = try Trail()
        try trail.enable()
        return .string(try trail.broker.hash("file/", text))
    }

    @Test(
        arguments: [
            ("plain", .string("plain")), ("", .string("")), ("a\"b\\c\nd\u{1}é€😀", .string("a\"b\\c\nd\u{1}é€😀")),
            ("5432", .number("5432")), ("-1.50e+10", .number("-1.50e+10")), ("true", .bool(true)), ("false", .bool(false)),
            ("AAEC/w==", .string(Data([0, 1, 2, 255]).base64EncodedString())),
        ] as [(String, JSON)])
    func `writes every kind of leaf as the HMAC of its text, encoded or not`(text: String, value: JSON) throws {
        let expected = try hash(text)
        #expect(try data(["v": value]) == ["v": expected])
        #expect(try data(["a": [["b": value]]]) == ["a": [["b": expected]]])
        #expect(try data(.raw(JSON.object(["a": [value, ["b": value]]]).encoded())) == ["a": [expected, ["b": expected]]])
        #expect(try data(["outer": .raw(value.encoded())]) == ["outer": expected])
        #expect(try data(value) == expected)
        #expect(try data(.raw(value.encoded())) == expected)
    }

    @Test(arguments: [
        (#"{"a":"\u0061\u00e9\ud83d\ude00\/\b\f\n\r\t"}"#, "aé😀/\u{8}\u{c}\n\r\t"), (#" { "a" : "x" } "#, "x"),
    ])
    func `hashes what escaped text stands for`(raw: String, text: String) throws {
        #expect(try data(.raw(Array(raw.utf8))) == ["a": hash(text)])
    }

    @Test func `writes a value that comes again as it was written first, and never as another`() throws {
        let trail = try Trail()
        try trail.enable()
        // More values than are remembered, and then the first ones again.
        let texts = (0..<2_000).map { "value-\($0)" } + (0..<50).map { "value-\($0)" }
        try trail.broker.record(.request(["all": .strings(texts + texts.suffix(50))]))
        let written = try #require(trail.recorded()[0]["request"]?["data"]?["all"]?.arrayValue)
        #expect(try written == (texts + texts.suffix(50)).map { .string(try trail.broker.hash("file/", $0)) })
    }

    @Test func `keeps null and the shape of empty containers`() throws {
        let value: JSON = ["n": .null, "a": [], "o": [:], "nested": [[], [:]]]
        #expect(try data(value) == value)
        #expect(try data(.raw(value.encoded())) == value)
    }

    @Test(arguments: [
        #"{"a":"#, #"{"a" "b"}"#, "{\"a\":\"x\ny\"}", #"{"a":"\q"}"#, #"{"a":"\ud800"}"#, #"{"a":tru}"#, "", "[1,]x",
        "{\"a\\\n\":1}",
        #"{"a":1}}"#, String(repeating: "[", count: 5_000),
    ])
    func `hashes raw text that is no JSON as a whole`(raw: String) throws {
        #expect(try data(.raw(Array(raw.utf8))) == hash(raw))
    }

    @Test func `hashes a document past the size limit as a whole`() throws {
        let values = JSON.array(Array(repeating: .string("x"), count: 120_000))
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request(["v": values]))
        let request = try #require(trail.recorded()[0]["request"])
        #expect(request["data_elided"] == true)
        #expect(request["data"]?.stringValue?.hasPrefix("hmac-sha256:") == true)
        #expect(trail.contents.count < 10_000)
    }

    @Test func `leaves top-level members clear when the mount lists them, and only those`() throws {
        let value: JSON = ["open": ["x": "1"], "shut": "2", "deep": ["open": "3"]]
        for value in [value, .raw(value.encoded())] {
            let written = try data(value) { record in
                record.mount = AuditMount(
                    path: "secret/", type: "kv", accessor: "kv_1", mountClass: "secret", clearRequestKeys: ["open"])
            }
            #expect(try written == ["open": ["x": "1"], "shut": hash("2"), "deep": ["open": hash("3")]])
        }
    }

    @Test(arguments: [false, true])
    func `elides lists only when the device says so`(elides: Bool) throws {
        let trail = try Trail()
        try trail.enable(["elide_list_responses": "\(elides)"])
        let value: JSON = ["keys": ["a", "b,]\"", "c"], "key_info": ["a": ["x": [1, 2]], "b": [:]], "other": ["z"]]
        for value in [value, .raw(value.encoded())] {
            try trail.broker.record(.response(value, operation: "list"))
            let written = try #require(trail.recorded().last?["response"]?["data"])
            if elides {
                #expect(written["keys"] == 3)
                #expect(written["key_info"] == 2)
            } else {
                #expect(try written["keys"] == .array(["a", "b,]\"", "c"].map { try hash($0) }))
            }
            #expect(try written["other"] == [hash("z")])
            try trail.broker.record(.response(value, operation: "read"))
            #expect(try trail.recorded().last?["response"]?["data"]?["keys"]?.arrayValue?.count == 3)
        }
    }

    @Test func `two devices hash one value differently`() throws {
        let trail = try Trail()
        try trail.enable()
        try trail.enable(name: "second/")
        #expect(try trail.broker.hash("file/", "x") != trail.broker.hash("second/", "x"))
        #expect(throws: AuditError.unknownDevice) { try trail.broker.hash("third/", "x") }
    }

    @Test(arguments: [true, false])
    func `writes accessors as the device says, and tokens never`(hashes: Bool) throws {
        let trail = try Trail()
        try trail.enable(["hmac_accessor": "\(hashes)"])
        try trail.broker.record(.request())
        let auth = try #require(trail.recorded()[0]["auth"])
        #expect(try auth["accessor"] == .string(hashes ? trail.broker.hash("file/", "acc-1") : "acc-1"))
        #expect(try auth["client_token"] == .string(trail.broker.hash("file/", "hvs.token")))
    }
}
