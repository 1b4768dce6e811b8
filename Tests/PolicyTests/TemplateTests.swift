import EngineKit
import Policy
import Testing

@Suite("Templates")
struct TemplateTests {
    private func document(_ path: String, _ capability: String = "read") throws -> PolicyDocument {
        try PolicyDocument(parsing: rules("\(path) = \(capability)"))
    }

    private func paths(_ document: PolicyDocument) -> [String] {
        document.rules.map { "\($0.path.plain?.description ?? "?") \($0.permissions.capabilities.names.joined(separator: ","))" }
    }

    @Test("a value fills its place")
    func filled() throws {
        let document = try document("secret/{{identity.entity.name}}/{{ identity.entity.metadata.team }}-x/*")
        #expect(document.isTemplated)
        #expect(document.expressions == ["identity.entity.name", "identity.entity.metadata.team"])
        let rendered = document.rendered { ["identity.entity.name": "ann", "identity.entity.metadata.team": "blue"][$0] }
        #expect(!rendered.isTemplated)
        #expect(paths(rendered) == ["secret/ann/blue-x/* read"])
    }

    @Test(
        "the expressions that Vault knows are known",
        arguments: [
            "identity.entity.id", "identity.entity.name", "identity.entity.metadata.key", "identity.entity.metadata.a.b",
            "identity.entity.aliases.auth_x_1.id", "identity.entity.aliases.auth_x_1.name",
            "identity.entity.aliases.auth_x_1.metadata.k", "identity.entity.aliases.auth_x_1.custom_metadata.k",
            "identity.groups.ids.123.name", "identity.groups.names.dev.id", "identity.groups.names.dev team.metadata.k",
        ])
    func known(expression: String) throws {
        #expect(try document("a/{{\(expression)}}").expressions == [expression])
    }

    @Test(
        "a value that would change the path denies its place and grants nothing",
        arguments: [
            "a/b", "/", "+", "*", "x*", "a+b", "a,b", "..", ".", "a..b", "%2e", "50%", "a\nb", "a\0", "a\u{200B}b", "\u{202E}",
            "{{x}}",
            "a\\b", "e\u{301}", String(repeating: "v", count: 600),
        ])
    func unsafe(value: String) throws {
        let rendered = try document("secret/{{identity.entity.name}}/x").rendered { _ in value }
        #expect(paths(rendered) == ["secret/+/x deny"])
        let acl = ACL([
            NamedPolicy(name: .default, document: rendered),
            NamedPolicy(
                name: try PolicyName("broad"), document: try PolicyDocument(parsing: rules("secret/* = read; secret/z/x = read"))),
        ])
        #expect(acl.verdict(.read, path: "secret/anyone/x") == .denied(.denied))
        #expect(acl.verdict(.read, path: "secret/anyone/y").isAllowed)
        #expect(acl.verdict(.read, path: "secret/z/x").isAllowed, "a more specific grant stays")
    }

    /// Path, capability, what is left when the value is missing.
    static let missing: [(String, String, [String])] = [
        ("secret/{{identity.entity.name}}/x", "read", []),
        ("secret/{{identity.entity.name}}/x", "deny", ["secret/+/x deny"]),
        ("secret/u-{{identity.entity.name}}", "deny", ["secret/+ deny"]),
        ("secret/{{identity.entity.name}}*", "deny", ["secret/* deny"]),
        ("secret/{{identity.entity.name}}/*", "deny", ["secret/+/* deny"]),
        ("{{identity.entity.name}}", "deny", ["+ deny"]),
        ("{{identity.entity.name}}*", "deny", ["* deny"]),
        ("/{{identity.entity.name}}/a*", "deny", ["+/a* deny"]),
        ("{{identity.entity.name}}{{identity.entity.id}}/+/a", "deny", ["+/+/a deny"]),
    ]

    @Test("a missing value takes a grant away and leaves a denial on every path it could have meant", arguments: missing)
    func absent(path: String, capability: String, expected: [String]) throws {
        for value in [nil, ""] {
            #expect(paths(try document(path, capability).rendered { _ in value }) == expected)
        }
    }

    @Test("values that are safe apart but not together deny")
    func together() throws {
        let rendered = try document("a/{{identity.entity.id}}{{identity.entity.name}}/b").rendered { _ in "." }
        #expect(paths(rendered) == ["a/+/b deny"])
    }

    @Test("an unsafe value denies even when another is missing")
    func unsafeAndMissing() throws {
        let rendered = try document("a/{{identity.entity.id}}/{{identity.entity.name}}").rendered { $0.hasSuffix("id") ? "*" : nil }
        #expect(paths(rendered) == ["a/+/+ deny"])
    }

    @Test("rules that were not filled in grant nothing")
    func unrendered() throws {
        let acl = try acl(
            rules("secret/{{identity.entity.id}} = read; other/{{identity.entity.id}} = deny"), rules("other/* = read"))
        #expect(acl.verdict(.read, path: "secret/{{identity.entity.id}}") == .denied(.noRule))
        #expect(acl.verdict(.read, path: "other/x") == .denied(.denied))
    }

    @Test("no value, however odd, grants more than the rules do with every value allowed its place")
    func neverWidens() throws {
        var random = SplitMix64(seed: 7)
        let alphabet = ["a", "b", "/", "+", "*", ".", "..", "%2f", ",", "{{", "}}", "\0", "é", " "]
        let document = try PolicyDocument(
            parsing: rules("s/{{identity.entity.name}}/k = read; t/u-{{identity.entity.name}}* = update"))
        for _ in 0..<5_000 {
            let value = (0..<random.below(4)).map { _ in random.pick(alphabet) }.joined()
            let acl = ACL([NamedPolicy(name: .default, document: document.rendered { _ in value })])
            for path in ["s/a/k", "s/b/k", "s/a/b/k", "s/k", "s/a", "s//k", "t/u-ab", "t/x", "x"] {
                let own = path == "s/\(value)/k" || !value.isEmpty && path.hasPrefix("t/u-\(value)")
                let isGranted = acl.verdict(.read, path: path).isAllowed || acl.verdict(.update, path: path).isAllowed
                if isGranted {
                    #expect(own && !value.contains("/") && !value.contains("*"), "\(value.debugDescription) opens \(path)")
                }
            }
        }
    }
}

@Suite("Built-in policies")
struct BuiltInPolicyTests {
    private func acl(entity: String?) throws -> ACL {
        let document = try PolicyDocument(parsing: BuiltInPolicies.defaultText)
        return ACL([NamedPolicy(name: .default, document: document.rendered { _ in entity })])
    }

    @Test(
        "the default policy lets a token look after itself",
        arguments: [
            (Capability.read, "auth/token/lookup-self"), (.update, "auth/token/renew-self"), (.update, "auth/token/revoke-self"),
            (.update, "sys/capabilities-self"), (.read, "sys/internal/ui/resultant-acl"), (.update, "sys/renew"),
            (.update, "sys/leases/renew"), (.update, "sys/leases/lookup"), (.update, "sys/wrapping/wrap"),
            (.update, "sys/wrapping/lookup"), (.update, "sys/wrapping/unwrap"), (.update, "sys/tools/hash"),
            (.update, "sys/tools/hash/sha2-256"), (.create, "cubbyhole/x"), (.read, "cubbyhole/x"), (.update, "cubbyhole/x"),
            (.delete, "cubbyhole/x"), (.list, "cubbyhole/x/"), (.list, "cubbyhole/"), (.read, "identity/entity/id/e-1"),
            (.read, "identity/entity/name/e-1"), (.update, "sys/control-group/request"),
        ])
    func granted(capability: Capability, path: String) throws {
        #expect(try acl(entity: "e-1").verdict(capability, path: path) == .allowed(["default"]))
    }

    @Test(
        "the default policy gives nothing else",
        arguments: [
            (Capability.read, "secret/data/x"), (.update, "auth/token/create"), (.read, "auth/token/lookup"), (.update, "sys/seal"),
            (.read, "identity/entity/id/e-2"), (.list, "identity/entity/id"), (.update, "identity/entity/id/e-1"),
            (.read, "sys/mounts"), (.read, "sys/policies/acl/root"), (.patch, "cubbyhole/x"),
        ])
    func refused(capability: Capability, path: String) throws {
        #expect(try !acl(entity: "e-1").verdict(capability, path: path).isAllowed)
    }

    @Test("without an entity the default policy denies nothing that another policy grants")
    func noEntity() throws {
        let admin = NamedPolicy(name: try PolicyName("admin"), document: try PolicyDocument(parsing: rules("identity/* = read")))
        let document = try PolicyDocument(parsing: BuiltInPolicies.defaultText).rendered { _ in nil }
        let acl = ACL([NamedPolicy(name: .default, document: document), admin])
        #expect(acl.verdict(.read, path: "identity/entity/id/e-2") == .allowed(["admin"]))
    }

    @Test("their texts can be read and are well formatted")
    func texts() throws {
        #expect(try PolicyDocument(parsing: BuiltInPolicies.rootText).rules.isEmpty)
        #expect(try PolicyDocument(parsing: BuiltInPolicies.defaultText).isTemplated)
    }
}
