import EngineKit
import Policy
import Syntax
import Testing

/// A map may be sent as a text. Its members are judged as if it had been sent as an object.
@Suite struct MapTextTests {
    private static let fields = [Field("metadata", .stringMap, "A map."), Field("anything", .any, "Read by its handler.")]

    private func isAllowed(_ rule: String, _ parameters: JSONObject) throws -> Bool {
        let acl = try acl("path \"p\" { capabilities = [\"update\"]  \(rule) }")
        return acl.verdict(.update, path: "p", parameters: RequestParameters(parameters, fields: Self.fields)).isAllowed
    }

    @Test(arguments: [
        ["team": "finance"] as JSON, "team=finance", .strings(["team=finance"]), .strings(["a=b", "team=finance"]), "TEAM=x",
    ]) func `a denied name is found in a map in every form`(_ map: JSON) throws {
        #expect(try !isAllowed("denied_parameters = { team = [] }", ["metadata": map]))
        #expect(try isAllowed("denied_parameters = { color = [] }", ["metadata": map]))
    }

    @Test(arguments: [
        "{\"team\": \"finance\"}" as JSON, " {\"team\":\"finance\"}", "a=b,team=finance", .strings(["team=finance"]),
        .strings(["{\"team\":\"finance\"}"]),
    ]) func `a denied name is found in what a handler may read as a map`(_ map: JSON) throws {
        #expect(try !isAllowed("denied_parameters = { team = [] }", ["anything": map]))
        #expect(try !isAllowed("denied_parameters = { team = [\"finance\"] }", ["anything": map]))
        #expect(try isAllowed("denied_parameters = { team = [\"sales\"] }", ["anything": map]))
    }

    @Test func `a text that is no map is a text`() throws {
        for text in ["team", "=team", "{team", "a b c"] {
            #expect(try isAllowed("denied_parameters = { team = [] }", ["anything": .string(text)]))
        }
    }
}
