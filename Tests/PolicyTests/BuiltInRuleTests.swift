import EngineKit
import Policy
import Testing

@Suite("Rules that are built into the server")
struct BuiltInRuleTests {
    private func acl(_ stored: String, builtIn: String) throws -> ACL {
        func policy(_ name: String, _ text: String) throws -> NamedPolicy {
            NamedPolicy(name: try PolicyName(name), document: try PolicyDocument(parsing: text))
        }
        return ACL([try policy("engine-action", stored)], builtIn: [try policy("engine-role-action", builtIn)])
    }

    private static let tokens = "connections/tokens/+/+/+ = read"
    private static let alice = "connections/tokens/user:alice/prod/slack"

    @Test(
        "grant nothing that a policy denies, however specific they are",
        arguments: [
            "connections/tokens/* = deny", "connections/* = deny", "* = deny", "connections/tokens/user:alice/* = deny",
            "connections/tokens/+/+/* = deny", "CONNECTIONS/TOKENS/* = deny", "connections/tokens/* = deny; other = read",
        ])
    func denied(stored: String) throws {
        for builtIn in [Self.tokens, "\(Self.alice) = read", "connections/tokens/+/+/+ = read, list"] {
            let acl = try acl(rules(stored), builtIn: rules(builtIn))
            #expect(!acl.verdict(.read, path: Self.alice).isAllowed, "\(stored) beside \(builtIn)")
            #expect(!acl.verdict(.list, path: Self.alice + "/").isAllowed)
            #expect(acl.capabilities(path: Self.alice) == .deny)
            #expect(!acl.hasAnyAccess(underPrefix: "connections/tokens/user:alice/"))
        }
    }

    @Test("count where policies deny something else")
    func elsewhere() throws {
        let acl = try acl(rules("connections/tokens/user:bob/* = deny"), builtIn: rules(Self.tokens))
        #expect(acl.verdict(.read, path: Self.alice).isAllowed)
        #expect(!acl.verdict(.read, path: "connections/tokens/user:bob/prod/slack").isAllowed)
    }

    @Test("count where a policy takes its own denial back for a more specific path")
    func takenBack() throws {
        let stored = "connections/tokens/* = deny; connections/tokens/user:alice/* = read"
        let acl = try acl(rules(stored), builtIn: rules(Self.tokens))
        #expect(acl.verdict(.read, path: Self.alice).isAllowed)
        #expect(!acl.verdict(.read, path: "connections/tokens/user:bob/prod/slack").isAllowed)
    }

    @Test("are added to by policies, and deny what they deny by the ordinary rules")
    func added() throws {
        let acl = try acl(rules("connections/status/+ = read"), builtIn: rules("\(Self.tokens); connections/owners/* = deny"))
        #expect(acl.verdict(.read, path: "connections/status/user:alice").isAllowed)
        #expect(acl.verdict(.read, path: Self.alice).isAllowed)
        #expect(!acl.verdict(.read, path: "connections/owners/x").isAllowed)
    }

    @Test("do not change what policies alone decide: a more specific grant still wins over a denial")
    func policiesAlone() throws {
        let acl = try acl(rules("\(Self.tokens); connections/tokens/* = deny"), builtIn: rules("other = read"))
        #expect(acl.verdict(.read, path: Self.alice).isAllowed)
    }
}
