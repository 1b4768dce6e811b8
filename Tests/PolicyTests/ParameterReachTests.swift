import EngineKit
import Policy
import Syntax
import Testing

@Suite("What conditions on parameters reach")
struct ParameterReachTests {
    static let fields = [
        Field("policies", .strings, ""), Field("flag", .bool, ""), Field("ttl", .duration, ""), Field("role", .string, ""),
        Field("meta", .stringMap, ""), Field("items", .any, ""),
    ]

    private func reason(
        _ conditions: String, _ body: String, captures: Captures = Captures(), _ capability: Capability = .update
    ) throws -> DenialReason? {
        let acl = try acl("path \"p\" { capabilities = [\"update\", \"list\", \"delete\", \"read\", \"patch\"]  \(conditions) }")
        let members = try #require(try JSON(parsing: body).objectValue)
        let parameters = RequestParameters(members, captures: captures, fields: Self.fields)
        if case .denied(let reason) = acl.verdict(capability, path: "p", parameters: parameters) { return reason }
        return nil
    }

    @Test(
        "a denied value is refused however the handler comes to it",
        arguments: [
            (#"{ policies = ["admin"] }"#, #"{"policies":"default,admin"}"#),
            (#"{ policies = ["admin"] }"#, #"{"policies":"default, ADMIN"}"#),
            (#"{ policies = ["admin"] }"#, #"{"policies":["x","Admin"]}"#),
            (#"{ policies = ["adm*"] }"#, #"{"Policies":"x,administrator"}"#),
            (#"{ flag = [true] }"#, #"{"flag":1}"#), (#"{ flag = [true] }"#, #"{"flag":"True"}"#),
            (#"{ flag = [true] }"#, #"{"FLAG":"1"}"#),
            (#"{ flag = [false] }"#, #"{"flag":0}"#),
            (#"{ ttl = ["10h"] }"#, #"{"ttl":36000}"#), (#"{ ttl = ["10h"] }"#, #"{"ttl":"600m"}"#),
            (#"{ ttl = [36000] }"#, #"{"ttl":"10h"}"#),
            (#"{ meta = [{"team" = "x"}] }"#, #"{"meta":{"team":"x","more":"y"}}"#),
            (#"{ meta = [{"team" = "x"}] }"#, #"{"meta":{"Team":"X"}}"#),
        ])
    func readings(denied: String, body: String) throws {
        #expect(try reason("denied_parameters = \(denied)", body) == .parameterDenied)
    }

    @Test(
        "an allowed glob does not allow what stands behind a comma",
        arguments: [
            (#"["app-*"]"#, #""app-x""#, true), (#"["app-*"]"#, #""app-x,app-y""#, true), (#"["app-*"]"#, #""app-x,admin""#, false),
            (#"["app-*"]"#, #""app-x, admin""#, false), (#"["app-x,admin"]"#, #""app-x,admin""#, true),
            (#"["app-*"]"#, #"["app-x"]"#, false),
        ])
    func commas(allowed: String, value: String, passes: Bool) throws {
        let reason = try reason("allowed_parameters = { policies = \(allowed) }", #"{"policies":\#(value)}"#)
        #expect(reason == (passes ? nil : .parameterNotAllowed))
    }

    @Test("a text that is no list is not parted")
    func texts() throws {
        #expect(try reason(#"allowed_parameters = { role = ["a*"] }"#, #"{"role":"a, b"}"#) == nil)
    }

    @Test(
        "a rule that names a parameter holds at every depth",
        arguments: [
            (#"denied_parameters = { "k" = [] }"#, #"{"items":[{"k":1}]}"#, DenialReason.parameterDenied),
            (#"denied_parameters = { "k" = [] }"#, #"{"items":{"a":{"K":null}}}"#, .parameterDenied),
            (#"denied_parameters = { "k" = [] }"#, #"{"items":[[{"k":1}]]}"#, .parameterDenied),
            (#"denied_parameters = { "k" = ["x"] }"#, #"{"items":[{"k":"y"},{"k":"X"}]}"#, .parameterDenied),
            (#"denied_parameters = { "k" = ["x"] }"#, #"{"items":[{"k":"y"}]}"#, nil),
            (#"allowed_parameters = { "k" = ["x"], "*" = [] }"#, #"{"items":[{"k":"y"}]}"#, .parameterNotAllowed),
            (#"allowed_parameters = { "k" = ["x"], "*" = [] }"#, #"{"items":[{"k":"x"}]}"#, nil),
            (#"allowed_parameters = { "items" = [] }"#, #"{"items":[{"k":"y"}]}"#, nil),
            (#"denied_parameters = { "*" = [] }"#, #"{}"#, nil),
            (#"required_parameters = ["k"]"#, #"{"items":[{"k":"y"}]}"#, .requiredParameterMissing),
        ])
    func nested(conditions: String, body: String, expected: DenialReason?) throws {
        for capability in [Capability.update, .patch, .delete, .list, .read] {
            #expect(try reason(conditions, body, capability) == expected, "\(capability)")
        }
    }

    @Test(
        "a part of the path is held to what a rule says of its name",
        arguments: [
            (#"denied_parameters = { "role" = ["admin"] }"#, "admin", DenialReason.parameterDenied),
            (#"denied_parameters = { "role" = ["admin"] }"#, "ADMIN", .parameterDenied),
            (#"denied_parameters = { "role" = ["admin"] }"#, "other", nil),
            (#"allowed_parameters = { "role" = ["app-*"] }"#, "app-1", nil),
            (#"allowed_parameters = { "role" = ["app-*"] }"#, "admin", .parameterNotAllowed),
            // The path needs no naming: the rule's own path allowed it.
            (#"allowed_parameters = { "ttl" = [] }"#, "admin", nil), (#"denied_parameters = { "*" = [] }"#, "admin", nil),
            (#"required_parameters = ["role"]"#, "admin", nil),
        ])
    func captures(conditions: String, value: String, expected: DenialReason?) throws {
        #expect(try reason(conditions, "{}", captures: Captures([("role", value)])) == expected)
    }
}
