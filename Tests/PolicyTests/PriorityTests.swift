import EngineKit
import Policy
import Syntax
import Testing

@Suite("Which rule decides")
struct PriorityTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var rules: String
        var path: String
        var expected: CapabilitySet
        var testDescription: String { "\(path) under [\(rules)]" }

        init(_ rules: String, _ path: String, _ expected: CapabilitySet) {
            self.rules = rules
            self.path = path
            self.expected = expected
        }
    }

    static let rows: [Row] = [
        // Exact paths.
        Row("a/b = read", "a/b", .read),
        Row("a/b = read", "a/bc", []),
        Row("a/b = read", "a", []),
        Row("a/b = read; a/* = update", "a/b", .read),
        Row("a/b = update; a/+ = read", "a/b", .update),
        Row("/a/b = read", "a/b", .read),
        Row("a/b = read", "/a/b", .read),
        Row("a/b =; a/* = read", "a/b", []),
        // Globs: the longest wins; a star that is not last is an ordinary character.
        Row("* = read", "anything/at/all", .read),
        Row("a* = read", "abc/d", .read),
        Row("a/* = read", "a", []),
        Row("a/* = read", "a/", .read),
        Row("a/* = read; a/b* = update; a/bc = delete", "a/bcd", .update),
        Row("a/* = read; a/b/c/* = update", "a/b/x", .read),
        Row("a/*/c = read", "a/b/c", []),
        Row("a/*/c = read", "a/*/c", .read),
        Row("a/*c* = read", "a/*cd", .read),
        // Segments.
        Row("a/+/c = read", "a/b/c", .read),
        Row("a/+/c = read", "a/b/d/c", []),
        Row("a/+/c = read", "a/b/c/d", []),
        Row("a/+/c/* = read", "a/b/c/d/e", .read),
        Row("a/+/c* = read", "a/b/cc/d", .read),
        Row("+/b = read", "x/b", .read),
        Row("+ = read", "x", .read),
        Row("+ = read", "x/y", []),
        Row("a/+ = read", "a/", .read),
        Row("a/+ = read", "a", []),
        Row("a/+/ = read", "a/b", []),
        Row("a/+/+/d = read", "a/b/c/d", .read),
        // A plus inside a segment is an ordinary character.
        Row("a/b+/c = read", "a/bx/c", []),
        Row("a/b+/c = read", "a/b+/c", .read),
        Row("a/+b = read", "a/xb", []),
        Row("a/+b/+ = read", "a/+b/c", .read),
        // 1: the first wildcard that stands later wins.
        Row("a/+/c = read; a/b* = update", "a/b/c", .read.symmetricDifference(.read).union(.update)),
        Row("a/b/+ = read; a/+/c = update", "a/b/c", .read),
        Row("a/b/* = read; a/+/c = update", "a/b/c", .read),
        Row("+/b/c = read; a/* = update", "a/b/c", .update),
        // 2: then one that does not end in a star.
        Row("a/+/c = read; a/+/* = update", "a/b/c", .read),
        Row("a/* = read; a/+ = update", "a/b", .update),
        Row("a/* = read; a/+/+ = update", "a/b/c", .update),
        // 3: then the one with fewer pluses.
        Row("a/+/c/d = read; a/+/+/d = update", "a/b/c/d", .read),
        Row("a/+/c/* = read; a/+/+/* = update", "a/b/c/d", .read),
        // 4: then the longer.
        Row("a/+/c* = read; a/+/cc* = update", "a/b/ccc", .update),
        Row("a/+/* = read; a/+/b/* = update", "a/x/b/c", .update),
        // 5: then the greater in byte order.
        Row("+/b/+ = read; +/+/c = update", "a/b/c", .read),
        Row("+/-/+ = read; +/+/c = update", "a/-/c", .read),
        Row("+/!/+ = read; +/+/c = update", "a/!/c", .read.symmetricDifference(.read).union(.update)),
        // Case matters for what is granted.
        Row("a/b = read", "A/b", []),
        Row("secret/é = read", "secret/é", .read),
        Row("secret/é/+ = read", "secret/é/ü", .read),
    ]

    @Test("the most specific rule decides", arguments: rows)
    func decides(_ row: Row) throws {
        let acl = try acl(rules(row.rules))
        let operations: [Capability] = [.create, .read, .update, .patch, .delete]
        for capability in operations {
            #expect(acl.verdict(capability, path: row.path).isAllowed == row.expected.contains(CapabilitySet(capability)))
        }
    }

    @Test("rules of two policies compete as if they were of one")
    func severalPolicies() throws {
        let acl = try acl(rules("a/* = read, update"), rules("a/b/* = read"))
        #expect(acl.verdict(.update, path: "a/b/c") == .denied(.notGranted))
        #expect(acl.verdict(.update, path: "a/c") == .allowed(["p0"]))
        #expect(acl.verdict(.read, path: "a/b/c") == .allowed(["p1"]))
    }

    @Test("the same path in two policies has the capabilities of both, and each names its policy")
    func union() throws {
        let acl = try acl(rules("a/* = read"), rules("a/* = read, list"), rules("a/* = delete"))
        #expect(acl.capabilities(path: "a/b") == [.read, .list, .delete])
        #expect(acl.verdict(.read, path: "a/b") == .allowed(["p0", "p1"]))
        #expect(acl.verdict(.delete, path: "a/b") == .allowed(["p2"]))
    }

    @Test("the same path twice in one policy is one rule")
    func twice() throws {
        let acl = try acl(rules("a = read; a = update"))
        #expect(acl.capabilities(path: "a") == [.read, .update])
        #expect(acl.verdict(.read, path: "a") == .allowed(["p0"]))
    }

    @Test("deny wins over everything at its path, in either order", arguments: [true, false])
    func denyWins(first: Bool) throws {
        let (deny, grant) = (rules("a/* = deny"), rules("a/* = read, sudo"))
        let acl = try first ? acl(deny, grant) : acl(grant, deny)
        #expect(acl.verdict(.read, path: "a/b") == .denied(.denied))
        #expect(acl.capabilities(path: "a/b") == .deny)
        #expect(!acl.isSudo(path: "a/b"))
    }

    @Test("a more specific grant wins over a deny, a more specific deny over a grant")
    func denySpecific() throws {
        let acl = try acl(rules("a/* = deny; a/b/* = read; a/b/c/* = deny; a/b/c/d = read"))
        #expect(acl.verdict(.read, path: "a/x") == .denied(.denied))
        #expect(acl.verdict(.read, path: "a/b/x").isAllowed)
        #expect(acl.verdict(.read, path: "a/b/c/x") == .denied(.denied))
        #expect(acl.verdict(.read, path: "a/b/c/d").isAllowed)
    }

    @Test("no policies, an empty policy and an uncovered path allow nothing")
    func nothing() throws {
        for acl in [ACL([]), try acl(""), try acl("{}"), try acl(rules("b = read"))] {
            #expect(acl.verdict(.read, path: "a") == .denied(.noRule))
            #expect(acl.verdict(.list, path: "a/") == .denied(.noRule))
            #expect(acl.capabilities(path: "a").names == ["deny"])
            #expect(!acl.hasAnyAccess(underPrefix: "a/"))
        }
    }

    @Test("sudo is needed besides the operation's own capability")
    func sudo() throws {
        let acl = try acl(rules("sys/raw/* = read, sudo; sys/auth/* = read; sys/seal = sudo"))
        #expect(acl.verdict(.read, path: "sys/raw/x", sudo: true).isAllowed)
        #expect(acl.verdict(.read, path: "sys/auth/x", sudo: true) == .denied(.sudoRequired))
        #expect(acl.verdict(.update, path: "sys/seal", sudo: true) == .denied(.notGranted))
        #expect(acl.isSudo(path: "sys/seal"))
        #expect(!acl.isSudo(path: "sys/auth/x"))
    }

    @Test("root may do everything, whatever comes with it")
    func root() throws {
        let denying = NamedPolicy(name: .default, document: try PolicyDocument(parsing: rules("* = deny")))
        for acl in [ACL.root, ACL([denying, .root])] {
            #expect(acl.isRoot)
            #expect(acl.isSudo(path: "sys/seal"))
            #expect(acl.capabilities(path: "x").names == ["root"])
            #expect(acl.verdict(.update, path: "sys/seal", sudo: true) == .allowed(["root"]))
            #expect(acl.hasAnyAccess(underPrefix: "x/"))
            #expect(acl.resultant["root"] == true)
        }
    }

    @Test("a text that calls itself root is no root policy")
    func notRoot() throws {
        let acl = ACL([NamedPolicy(name: .root, document: try PolicyDocument(parsing: "name = \"root\""))])
        #expect(!acl.isRoot)
        #expect(acl.verdict(.read, path: "a") == .denied(.noRule))
    }

    @Test("an empty path matches only rules that allow it")
    func emptyPath() throws {
        #expect(try acl(rules("* = read")).verdict(.read, path: "").isAllowed)
        #expect(try acl(rules("* = list")).verdict(.list, path: "/").isAllowed)
        #expect(try !acl(rules("a = read")).verdict(.read, path: "").isAllowed)
    }
}
