import Policy
import Syntax
import Testing

@Suite("Conditions on parameters and wrapping")
struct ParameterTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var conditions: String
        var body: String
        var reason: DenialReason?
        var testDescription: String { "\(body) under [\(conditions)]" }

        init(_ conditions: String, _ body: String, _ reason: DenialReason?) {
            self.conditions = conditions
            self.body = body
            self.reason = reason
        }
    }

    static let rows: [Row] = [
        // Allowed.
        Row(#"allowed_parameters = { "a" = [] }"#, #"{"a":1}"#, nil),
        Row(#"allowed_parameters = { "a" = [] }"#, #"{"A":[1]}"#, nil),
        Row(#"allowed_parameters = { "A" = [] }"#, #"{"a":1}"#, nil),
        Row(#"allowed_parameters = { "a" = [] }"#, #"{"a":1,"b":2}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = [] }"#, #"{}"#, nil),
        Row(#"allowed_parameters = { "a" = ["x", 5, true] }"#, #"{"a":"x"}"#, nil),
        Row(#"allowed_parameters = { "a" = ["x", 5, true] }"#, #"{"a":5}"#, nil),
        Row(#"allowed_parameters = { "a" = ["x", 5, true] }"#, #"{"a":true}"#, nil),
        Row(#"allowed_parameters = { "a" = ["x", 5, true] }"#, #"{"a":"5"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["x", 5, true] }"#, #"{"a":"X"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["x"] }"#, #"{"a":["x"]}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["x"] }"#, #"{"a":null}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = [["x", "y"]] }"#, #"{"a":["x","y"]}"#, nil),
        Row(#"allowed_parameters = { "a" = ["x"], "*" = [] }"#, #"{"a":"x","b":1}"#, nil),
        Row(#"allowed_parameters = { "a" = ["x"], "*" = [] }"#, #"{"a":"y","b":1}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "*" = [] }"#, #"{"z":1}"#, nil),
        Row(#"allowed_parameters { a = ["x"] }"#, #"{"a":"y"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = "x" }"#, #"{"a":"x"}"#, nil),
        // Globs in values.
        Row(#"allowed_parameters = { "a" = ["pre*"] }"#, #"{"a":"prefix"}"#, nil),
        Row(#"allowed_parameters = { "a" = ["pre*"] }"#, #"{"a":"xpre"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["*fix"] }"#, #"{"a":"suffix"}"#, nil),
        Row(#"allowed_parameters = { "a" = ["*fix"] }"#, #"{"a":"fixed"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["*mid*"] }"#, #"{"a":"amidst"}"#, nil),
        Row(#"allowed_parameters = { "a" = ["*mid*"] }"#, #"{"a":"mi"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["m*d"] }"#, #"{"a":"mid"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["*"] }"#, #"{"a":"x"}"#, .parameterNotAllowed),
        Row(#"allowed_parameters = { "a" = ["**"] }"#, #"{"a":"x"}"#, nil),
        Row(#"allowed_parameters = { "a" = ["pre*"] }"#, #"{"a":5}"#, .parameterNotAllowed),
        // Denied.
        Row(#"denied_parameters = { "a" = [] }"#, #"{"a":1}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = [] }"#, #"{"A":1}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = [] }"#, #"{"b":1}"#, nil),
        Row(#"denied_parameters = { "*" = [] }"#, #"{"b":1}"#, .parameterDenied),
        Row(#"denied_parameters = { "*" = [] }"#, #"{}"#, nil),
        Row(#"denied_parameters = { "a" = ["x", 5] }"#, #"{"a":"x"}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = ["x", 5] }"#, #"{"a":"y"}"#, nil),
        Row(#"denied_parameters = { "a" = ["x", 5] }"#, #"{"a":5}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = ["x", 5] }"#, #"{"a":"5"}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = ["x", 5] }"#, #"{"a":5.0}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = ["x", 5] }"#, #"{"a":0.5e1}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = [true] }"#, #"{"a":"true"}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = ["ro*"] }"#, #"{"a":["default","root"]}"#, .parameterDenied),
        Row(#"denied_parameters = { "a" = ["ro*"] }"#, #"{"a":["default"]}"#, nil),
        // Both.
        Row(#"allowed_parameters = { "*" = [] }  denied_parameters = { "a" = ["x"] }"#, #"{"a":"x"}"#, .parameterDenied),
        Row(#"allowed_parameters = { "*" = [] }  denied_parameters = { "a" = ["x"] }"#, #"{"a":"y"}"#, nil),
        Row(#"allowed_parameters = { "b" = [] }  denied_parameters = { "a" = ["x"] }"#, #"{"a":"y"}"#, .parameterNotAllowed),
        // Required.
        Row(#"required_parameters = ["a", "b"]"#, #"{"a":1,"b":null}"#, .requiredParameterMissing),
        Row(#"required_parameters = ["a", "b"]"#, #"{"a":1}"#, .requiredParameterMissing),
        Row(#"required_parameters = ["a"]"#, #"{}"#, .requiredParameterMissing),
        Row(#"required_parameters = ["Name"]"#, #"{"name":1}"#, nil),
        Row(#"required_parameters = ["Name"]"#, #"{"Name":1}"#, nil),
        // The engine would read `name`, so another spelling does not count as having it.
        Row(#"required_parameters = ["name"]"#, #"{"NAME":1}"#, .requiredParameterMissing),
        Row(#"required_parameters = []"#, #"{}"#, nil),
    ]

    @Test("parameters pass only as the rule says", arguments: rows)
    func parameters(_ row: Row) throws {
        let acl = try acl(
            "path \"p\" { capabilities = [\"create\", \"read\", \"update\", \"patch\", \"delete\", \"list\"]  \(row.conditions) }")
        let body = RequestParameters(try #require(try JSON(parsing: row.body).objectValue))
        let expected = row.reason.map { Verdict.denied($0) } ?? .allowed(["p0"])
        let checked: [Capability] = [.create, .update, .patch, .read, .delete, .list]
        for capability in checked { #expect(acl.verdict(capability, path: "p", parameters: body) == expected) }
    }

    @Test("merged rules unite allowed, denied and required parameters")
    func merging() throws {
        func rule(_ conditions: String) -> String { "path \"p\" { capabilities = [\"update\"]  \(conditions) }" }
        func reason(_ acl: ACL, _ body: JSONObject) -> DenialReason? {
            if case .denied(let reason) = acl.verdict(.update, path: "p", parameters: RequestParameters(body)) {
                reason
            } else {
                nil
            }
        }
        let allowed = try acl(
            rule(#"allowed_parameters = { a = ["x"], b = ["1"] }"#), rule(#"allowed_parameters = { A = ["y"], b = [] }"#))
        #expect(reason(allowed, ["a": "x"]) == nil)
        #expect(reason(allowed, ["a": "y", "b": "anything"]) == nil)
        #expect(reason(allowed, ["a": "z"]) == .parameterNotAllowed)
        #expect(reason(allowed, ["c": "z"]) == .parameterNotAllowed)
        let denied = try acl(rule(#"denied_parameters = { a = ["x"] }"#), rule(#"denied_parameters = { a = ["y"], c = [] }"#))
        #expect(reason(denied, ["a": "x"]) == .parameterDenied)
        #expect(reason(denied, ["a": "y"]) == .parameterDenied)
        #expect(reason(denied, ["c": 1]) == .parameterDenied)
        #expect(reason(denied, ["a": "z"]) == nil)
        let required = try acl(rule(#"required_parameters = ["a"]"#), rule(#"required_parameters = ["a", "b"]"#))
        #expect(reason(required, ["a": 1]) == .requiredParameterMissing)
        #expect(reason(required, ["a": 1, "b": 1]) == nil)
        // As in Vault, a rule without conditions does not lift another's.
        #expect(reason(try acl(rule(""), rule(#"allowed_parameters = { a = [] }"#)), ["b": 1]) == .parameterNotAllowed)
        #expect(reason(try acl(rule(#"allowed_parameters = { a = [] }"#), rule("")), ["b": 1]) == .parameterNotAllowed)
    }

    /// Bounds of the two rules, wrapping asked for, whether it passes.
    static let wrapping: [(String, String, Int?, Bool)] = [
        ("", "", nil, true),
        ("", "", 5, true),
        ("min_wrapping_ttl = 60", "", nil, false),
        ("min_wrapping_ttl = 60", "", 59, false),
        ("min_wrapping_ttl = \"1m\"", "", 60, true),
        ("max_wrapping_ttl = \"1h\"", "", nil, false),
        ("max_wrapping_ttl = \"1h\"", "", 3600, true),
        ("max_wrapping_ttl = \"1h\"", "", 3601, false),
        ("min_wrapping_ttl = 0", "max_wrapping_ttl = \"0\"", nil, true),
        ("min_wrapping_ttl = 60", "min_wrapping_ttl = 30", 30, true),
        ("max_wrapping_ttl = 60", "max_wrapping_ttl = 30", 31, false),
        ("max_wrapping_ttl = 60", "", 61, false),
        ("min_wrapping_ttl = 60", "max_wrapping_ttl = 30", 45, false),
        ("min_wrapping_ttl = 60", "max_wrapping_ttl = 30", 60, false),
        ("min_wrapping_ttl = 60", "max_wrapping_ttl = 90", 75, true),
    ]

    @Test("wrapping bounds demand wrapping; of two bounds the smaller holds", arguments: wrapping)
    func bounds(first: String, second: String, seconds: Int?, passes: Bool) throws {
        func rule(_ conditions: String) -> String { "path \"p\" { capabilities = [\"read\"]  \(conditions) }" }
        for acl in [try acl(rule(first), rule(second)), try acl(rule(second), rule(first))] {
            #expect(acl.verdict(.read, path: "p", wrapTTL: seconds) == (passes ? .allowed(acl.names) : .denied(.wrappingTTL)))
        }
    }

    @Test("a denial sheds every condition merged with it")
    func denyClears() throws {
        let acl = try acl(rules("p = deny"), "path \"p\" { capabilities = [\"read\"]  required_parameters = [\"a\"] }")
        #expect(acl.summaries.map(\.permissions) == [.deny])
    }
}

extension ACL {
    fileprivate var names: [String] { ["p0", "p1"] }
}
