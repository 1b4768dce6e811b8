import EngineKit
import Policy
import Testing

/// GHSA-xp3c-3jw3-4vcr: a LIST passed a denial because another wildcard rule granted it.
@Suite("Denials and wildcards")
struct DenialTests {
    private static let denied = "secret/metadata/a/* = deny"
    private static let granted = "secret/metadata/+/b/* = list,read"

    @Test(
        "a list below a denied folder is refused, whatever else grants it and in whatever order",
        arguments: ["secret/metadata/a/b/c", "secret/metadata/a/b/c/", "secret/metadata/a/b/", "secret/metadata/a/b/c/d/"])
    func lists(path: String) throws {
        for acl in [
            try acl(rules("\(Self.denied); \(Self.granted)")), try acl(rules("\(Self.granted); \(Self.denied)")),
            try acl(rules(Self.denied), rules(Self.granted)), try acl(rules(Self.granted), rules(Self.denied)),
        ] {
            #expect(!acl.verdict(.list, path: path).isAllowed)
            #expect(!acl.verdict(.read, path: path).isAllowed)
        }
    }

    @Test("the same grant holds where nothing denies it")
    func elsewhere() throws {
        let acl = try acl(rules(Self.denied), rules(Self.granted))
        #expect(acl.verdict(.list, path: "secret/metadata/x/b/c/").isAllowed)
    }

    @Test(
        "a fact of a group or an alias with a wildcard in it opens nothing, as one of the entity does not",
        arguments: [
            "identity.entity.metadata.team", "identity.entity.aliases.auth_x_1.metadata.team",
            "identity.entity.aliases.auth_x_1.custom_metadata.team", "identity.entity.aliases.auth_x_1.name",
            "identity.groups.ids.g1.name", "identity.groups.names.ops.metadata.team",
        ])
    func facts(expression: String) throws {
        let document = try PolicyDocument(parsing: rules("secret/{{\(expression)}}/x = read"))
        for value in ["*", "+", "a/b", "a*", "..", "a,b", "a\u{0D4E}", "\u{301}"] {
            let acl = ACL([NamedPolicy(name: .default, document: document.rendered { _ in value })])
            #expect(!acl.verdict(.read, path: "secret/victim/x").isAllowed, "\(value.debugDescription)")
            #expect(!acl.verdict(.read, path: "secret/\(value)/x").isAllowed, "\(value.debugDescription)")
        }
    }
}
