import EngineKit
import ServiceAPI
import Syntax
import TestSupport
import Testing

@Suite("A secret's answer") struct SecretAnswerTests {
    private static let metadata =
        #"{"created_by":"my\"scheduler","created_time":"2026-01-02T03:04:05.000000006Z","custom_metadata":{"a":"}"},"deletion_time":"","destroyed":false,"version":7}"#

    private func shown(_ body: JSON) throws -> (text: String, json: JSON) {
        let bytes = SecretRecord.encoded(SecretPlace(project: "news", path: "prod/\"x\""), Response(.data(body)))
        return (String(decoding: bytes, as: UTF8.self), try JSON(parsing: bytes))
    }

    @Test(
        "is the same copied from text as read and written again",
        arguments: [
            #"{"value":"v"}"#, #"{"value":""}"#, #"{ "value" : "v" }"#, #"{"value":"a\"}],:{\\"}"#, #"{"value":"ü\u00fc\n"}"#,
            #"{"value":null}"#,
            #"{"value":{"value":"deep"}}"#, #"{"value":[1,{"a":[]},"]"],"other":1e400}"#, #"{"user":"app","password":"x"}"#, "{}",
            "null",
            #"{"a":1.0,"value":-0.5e-7}"#, #"{"v\u0061lue":"escaped name"}"#, #"{"values":"v","Value":"w"}"#,
            #"{"a":true,"value":false}"#,
            "{\n  \"value\":\t\"spaces\"\r\n}",
        ])
    func sameAnswer(_ stored: String) throws {
        let text = "{\"data\":\(stored),\"metadata\":\(Self.metadata)}"
        let (copied, json) = try shown(.raw(Array(text.utf8)))
        #expect(try json == shown(try JSON(parsing: text)).json)
        #expect(json["version"] == 7 && json["updated_by"] == "my\"scheduler" && json["id"] == "news/prod/\"x\"")
        #expect(json.objectValue?.keys == ["id", "project", "path", "value", "version", "updated_at", "updated_by"])
        // Nothing is spelled anew.
        if stored == #"{"value":"ü\u00fc\n"}"# { #expect(copied.contains(#""value":"ü\u00fc\n""#)) }
    }

    @Test("is the same for made-up objects", arguments: 0..<200)
    func madeUp(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            object[["value", "a", "b\\", "c\"", "d}", "e", "{", ""].randomElement(using: &random) ?? "x"] = Self.value(
                &random, depth: 3)
        }
        let text = "{\"data\":\(String(decoding: object.encoded(), as: UTF8.self)),\"metadata\":\(Self.metadata)}"
        #expect(try shown(.raw(Array(text.utf8))).json == shown(try JSON(parsing: text)).json)
    }

    private static func value(_ random: inout SplitMix64, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: .string(["", "\"", "\\", "}{][,:", "ü🔑", "\u{1}\n"].randomElement(using: &random) ?? "")
        case 1: .int(Int.random(in: -9...9, using: &random))
        case 2: .bool(true)
        case 3: .null
        case 4: .number("1.50e-3")
        case 5: .array((0..<3).map { _ in value(&random, depth: depth - 1) })
        default: ["value": value(&random, depth: depth - 1), "\\": "x"]
        }
    }
}
