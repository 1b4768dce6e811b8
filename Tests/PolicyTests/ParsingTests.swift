import EngineKit
import Policy
import Syntax
import Testing

@Suite("Reading policies")
struct ParsingTests {
    @Test("HCL and JSON say the same")
    func bothNotations() throws {
        let hcl = """
            name = "ops" # ignored
            path "secret/data/*" {
              capabilities        = ["create", "update", "read",]
              allowed_parameters  = { "data" = [] }
              denied_parameters   = { "options" = ["a", 1] }
              required_parameters = ["data"]
              min_wrapping_ttl    = "1m"
              max_wrapping_ttl    = 3600
              comment             = "why"
            }
            path "sys/health" { policy = "read" }
            """
        let json = """
            {"name":"ops","path":{"secret/data/*":{"capabilities":["create","update","read"],"allowed_parameters":{"data":[]},
            "denied_parameters":{"options":["a",1]},"required_parameters":["data"],"min_wrapping_ttl":"1m","max_wrapping_ttl":3600,
            "comment":"why"},"sys/health":{"policy":"read"}}}
            """
        let (a, b) = (try PolicyDocument(parsing: hcl), try PolicyDocument(parsing: json))
        #expect(a.name == "ops" && b.name == "ops")
        #expect(a.rules.map(\.permissions) == b.rules.map(\.permissions))
        #expect(a.rules.map(\.path) == b.rules.map(\.path))
        #expect(a.rules[0].permissions.capabilities == [.create, .update, .read])
        #expect(a.rules[0].permissions.minWrappingTTL == 60)
        #expect(a.rules[0].permissions.maxWrappingTTL == 3600)
        #expect(a.rules[1].permissions.capabilities == [.read, .list])
        #expect(a.rules[1].position == HCLPosition(line: 11, column: 1))
    }

    static let capabilities: [(String, CapabilitySet)] = [
        (#"policy = "read""#, [.read, .list]),
        (#"policy = "write""#, [.create, .read, .update, .delete, .list]),
        (#"policy = "sudo""#, [.create, .read, .update, .delete, .list, .sudo]),
        (#"policy = "deny""#, .deny),
        (#"capabilities = []"#, []),
        ("", []),
        (#"capabilities = "read""#, .read),
        (
            #"capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"]"#,
            [.create, .read, .update, .patch, .delete, .list, .sudo]
        ),
        (#"capabilities = ["read", "deny", "update"]"#, .deny),
        (#"policy = "read"  capabilities = ["delete"]"#, [.read, .list, .delete]),
        (#"policy = "write"  capabilities = ["deny"]"#, .deny),
    ]

    @Test("capabilities and the older policy key", arguments: capabilities)
    func spelled(text: String, expected: CapabilitySet) throws {
        let rules = try PolicyDocument(parsing: "path \"a\" { \(text) }").rules
        #expect(rules.map(\.permissions.capabilities) == [expected])
    }

    @Test(
        "paths come as blocks, objects and lists of objects",
        arguments: [
            #"{"path":{"a":{"policy":"read"},"b":{"policy":"read"}}}"#,
            #"{"path":[{"a":{"policy":"read"}},{"b":{"policy":"read"}}]}"#,
            #"{"path":{"a":[{"policy":"read"}],"b":[{"policy":"read"}]}}"#,
            #"path "a" { policy = "read" } path "b" { policy = "read" }"#,
            #"path = { "a" = { policy = "read" }, "b" = { policy = "read" } }"#,
            #"path { "a" { policy = "read" } "b" { policy = "read" } }"#,
        ])
    func shapes(text: String) throws {
        #expect(try PolicyDocument(parsing: text).rules.map { $0.path.plain?.description } == ["a", "b"])
    }

    static let refusals: [(String, String)] = [
        (#"path "a" { capabilites = ["read"] }"#, #"line 1, column 12: unknown key "capabilites""#),
        ("\n  rule \"a\" {}", #"line 2, column 3: unknown key "rule""#),
        (#"{"path":{"a":{"capabilities":["read"],"x":1}}}"#, #"line 1, column 39: unknown key "x""#),
        (
            "path \"a\" {\n capabilities = [\"raed\"]\n}",
            "line 2, column 17: unknown capability; the capabilities are create, read, update, patch, delete, list, sudo, deny"
        ),
        (#"path "a" { capabilities = ["READ"] }"#, "line 1, column 27: unknown capability"),
        (#"path "a" { capabilities = [1] }"#, #"line 1, column 27: "capabilities" must be a list of strings"#),
        (#"path "a" { capabilities = ["root"] }"#, "unknown capability"),
        (#"path "a" { policy = "admin" }"#, #"line 1, column 21: "policy" must be deny, read, write or sudo"#),
        (#"path "a" { control_group = {} }"#, #"line 1, column 12: "control_group" is not supported"#),
        (#"path "a" { mfa_methods = ["x"] }"#, #""mfa_methods" is not supported"#),
        (#"path "a" { allowed_parameters = ["x"] }"#, #""allowed_parameters" must be a block"#),
        (#"path "a" { allowed_parameters = { x = {} } }"#, #""x" must be a list of values"#),
        (#"path "a" { allowed_parameters = { x = [] }  allowed_parameters { y = [] } }"#, "is set twice"),
        (#"path "a" { required_parameters = "x", required_parameters = "y" }"#, "is set twice"),
        (#"path "a" { min_wrapping_ttl = "1.5s" }"#, #""min_wrapping_ttl" must be a duration"#),
        (#"path "a" { min_wrapping_ttl = -1 }"#, #""min_wrapping_ttl" must be a duration"#),
        (#"path "a" { max_wrapping_ttl = 10  min_wrapping_ttl = 20 }"#, #""max_wrapping_ttl" must not be less"#),
        (#"path "a" "b" {}"#, #""path" takes one label"#),
        (#"path = "a""#, #""path" must be a block"#),
        (#"path { policy = "read" }"#, #""path" needs a label"#),
        (#"name = 1"#, #""name" must be a string"#),
        (#"path "a//b" {}"#, "line 1, column 1: the path has an empty segment"),
        (#"path "//a" {}"#, "the path has an empty segment"),
        (#"path "a/../b" {}"#, "the path has a '.' or '..' segment"),
        (#"path ".." {}"#, "the path has a '.' or '..' segment"),
        (#"path "a/./b" {}"#, "the path has a '.' or '..' segment"),
        (#"path "a/..*" {}"#, "the path has a '.' or '..' segment"),
        (#"path "./*" {}"#, "the path has a '.' or '..' segment"),
        (#"path "a\u0000b" {}"#, "the path has a control character"),
        (#"path "a\nb" {}"#, "the path has a control character"),
        (#"path "a/\u0085" {}"#, "the path has a control character"),
        (#"path "a/+*" {}"#, "the path has '+*'"),
        (#"path "e\u0301" {}"#, "the path has characters that the path of a request cannot have"),
        (#"path "a\u202Eb" {}"#, "the path has characters that the path of a request cannot have"),
        (#"path "a/{{identity.entity.id" {}"#, "unknown {{template}}"),
        (#"path "a/identity.entity.id}}" {}"#, "unknown {{template}}"),
        (#"path "a/{{identity.entity.password}}" {}"#, "unknown {{template}}"),
        (#"path "a/{{}}" {}"#, "unknown {{template}}"),
        (#"path "a/{{ {{identity.entity.id}} }}" {}"#, "unknown {{template}}"),
        (#"path "a/../{{identity.entity.id}}" {}"#, "the path has a '.' or '..' segment"),
        (#"{"path":{"a":{},"a":{}}}"#, "line 1, column 17: an object has the same key twice"),
        (#"{"path":{"a":{}}"#, "unexpected end of the text"),
        (#"[]"#, "line 1, column 1: expected a name"),
    ]

    @Test("a bad policy is refused with the key and its place", arguments: refusals)
    func refused(text: String, message: String) throws {
        let error = #expect(throws: HCLError.self) { try PolicyDocument(parsing: text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "accepted")")
    }

    @Test("an error never repeats a value")
    func noValues() throws {
        let canary = "hunter2canary"
        let texts = [
            "path \"a\" { capabilities = [\"\(canary)\"] }", "path \"a\" { policy = \"\(canary)\" }",
            "path \"a\" { min_wrapping_ttl = \"\(canary)\" }", "path \"../\(canary)\" {}", "path \"{{\(canary)}}\" {}",
            "path \"a\" { allowed_parameters = \"\(canary)\" }", "name = [\"\(canary)\"]", "path = \"\(canary)\"",
            "{\"path\": \"\(canary)\"}", "{\"path\": \(canary)}", "path \"a\" { policy = \(canary) }", "name = \"\(canary)",
        ]
        for text in texts {
            let error = #expect(throws: HCLError.self) { try PolicyDocument(parsing: text) }
            #expect(error?.description.contains(canary) == false, "\(text)")
        }
    }

    @Test("text and rules are bounded")
    func bounds() throws {
        let long = String(repeating: "#", count: PolicyDocument.bytesMax)
        #expect(try PolicyDocument(parsing: long).rules.isEmpty)
        #expect(throws: HCLError.self) { try PolicyDocument(parsing: long + "#") }
        let many = (0..<PolicyDocument.rulesMax).map { "path \"\($0)\" {}\n" }.joined()
        #expect(try PolicyDocument(parsing: many).rules.count == PolicyDocument.rulesMax)
        let error = #expect(throws: HCLError.self) { try PolicyDocument(parsing: many + "path \"x\" {}") }
        #expect(error?.line == PolicyDocument.rulesMax + 1)
        #expect(throws: HCLError.self) { try PolicyDocument(parsing: "path \"\(String(repeating: "a", count: 2_049))\" {}") }
    }

    @Test("an empty and a commented text are policies without rules", arguments: ["", "\n", "# no rules", "{}", "/* */"])
    func empty(text: String) throws {
        #expect(try PolicyDocument(parsing: text).rules.isEmpty)
    }
}

@Suite("Names of policies")
struct PolicyNameTests {
    @Test("upper case is lowered", arguments: [("ROOT", "root"), ("Ops-Team_1.x", "ops-team_1.x"), ("9", "9")])
    func lowered(name: String, expected: String) throws {
        #expect(try PolicyName(name).text == expected)
    }

    @Test(
        "look-alikes and path tricks are no names",
        arguments: [
            "", " Root", "root ", "ｒｏｏｔ", "rооt", "../root", "..", ".", "a/../b", "a/./b", "/a", "a/", "a//b", "a\\b", "a%2fb",
            "root\0", "root\n", "\u{212A}ey", "ſ", "a+b", "a*", "a,b", "{{x}}", "a\u{A0}b", "a\u{3000}b", "\u{3000}", "ﬁx",
            "root\u{200B}", "e\u{301}", "a/\u{301}b", "a\u{0D4E}/b", "root\u{202E}", "teаm", "ρoot", "a\"b", "a\u{85}",
            String(repeating: "a", count: 257), String(repeating: "é", count: 129),
        ])
    func refused(name: String) {
        #expect(throws: PolicyName.Refusal.self) { try PolicyName(name) }
    }

    @Test(
        "names are paths, and may have what Vault's have",
        arguments: [
            "jenkins/dev/master", "salt/minions", "kv:read", "a@b.c", "my policy", "a..b", ".hidden", "-flag", "_x", "a/b/c/d",
            "a=b",
            "root/x", "x/root", "équipe", "日本語", "роль/чтение", "a|b", "it's", "#1", "a~b", "(x)", "100%",
        ])
    func accepted(name: String) throws {
        #expect(try PolicyName(name).text.utf8.elementsEqual(name.utf8))
        #expect(try PolicyName(name.uppercased()).text.utf8.elementsEqual(name.utf8))
        #expect(try PolicyName(name) != .root)
    }

    @Test("every spelling of root that is accepted is root")
    func root() throws {
        #expect(try PolicyName("RoOt") == .root)
        #expect(try PolicyName("DEFAULT") == .default)
    }
}
