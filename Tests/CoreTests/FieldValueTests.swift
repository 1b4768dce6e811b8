import EngineKit
import Syntax
import Testing

@Suite("Values of fields that need not be sent")
struct FieldValueTests {
    private let declared = [
        Field("text", .string, default: "hex", ""), Field("flag", .bool, default: true, ""), Field("number", .int, default: 32, ""),
        Field("seconds", .duration, default: 60, ""), Field("texts", .strings, default: ["a"], ""), Field("numbers", .ints, ""),
        Field("map", .stringMap, ""), Field("plain", .string, ""), Field("off", .bool, ""), Field("count", .int, ""),
        Field("life", .duration, ""), Field("list", .strings, ""),
    ]

    private func fields(_ sent: JSONObject) throws -> Fields { try Fields(validating: sent, as: declared) }

    @Test(
        "are the declared defaults, and empty where none is declared",
        arguments: [[:], ["text": .null, "off": .null]] as [JSONObject])
    func absent(sent: JSONObject) throws {
        let fields = try fields(sent)
        #expect(fields.text("text") == "hex" && fields.flag("flag") && fields.number("number") == 32)
        #expect(fields.seconds("seconds") == 60 && fields.texts("texts") == ["a"])
        #expect(fields.text("plain") == "" && !fields.flag("off") && fields.number("count") == 0 && fields.seconds("life") == 0)
        #expect(fields.texts("list") == [] && fields.numbers("numbers") == [] && fields.textMap("map") == [:])
        // A default is not sent by anybody, and a field without one is absent for whoever asks that.
        #expect(!fields.has("text") && fields.string("text") == "hex" && fields.string("plain") == nil && fields.bool("off") == nil)
    }

    @Test("are what was sent, empty or not")
    func sent() throws {
        let fields = try fields([
            "text": "", "flag": false, "number": 0, "seconds": "1m", "texts": [], "numbers": [1, 2], "map": ["a": "b"],
            "off": "true",
        ])
        #expect(fields.text("text") == "" && !fields.flag("flag") && fields.number("number") == 0 && fields.flag("off"))
        #expect(fields.seconds("seconds") == 60 && fields.texts("texts") == [] && fields.numbers("numbers") == [1, 2])
        #expect(fields.textMap("map") == ["a": "b"])
    }

    @Test(
        "that are objects are no texts with JSON, as in Vault, and the error says what to send",
        arguments: [Field.Kind.object, .stringMap])
    func textOfObject(kind: Field.Kind) throws {
        let declared = [Field("map", kind, "")]
        let refusal = #expect(throws: CofferError.self) { try Fields(validating: ["map": "{\"canary\":\"b\"}"], as: declared) }
        let message = refusal?.messages.first ?? ""
        #expect(message.hasPrefix("field 'map' must be an object") && message.contains("send the whole body as JSON"))
        #expect(!message.contains("canary"))
        let other = #expect(throws: CofferError.self) { try Fields(validating: ["map": "canary"], as: declared) }
        #expect(other?.messages.first?.contains("JSON") == false)
    }
}
