import EngineKit
import Policy
import Testing

/// U+0D4E joins the character behind it and a combining mark the one before it. The matcher, the router and the store see
/// bytes, so neither may change what a rule says.
@Suite("Policies by their bytes")
struct PolicyByteTests {
    private func rendered(_ text: String, _ value: String) throws -> ACL {
        let document = try PolicyDocument(parsing: rules(text)).rendered { _ in value }
        return ACL([NamedPolicy(name: .default, document: document)])
    }

    @Test("a prepending letter at the end of a value does not swallow the rule's star")
    func prependingValue() throws {
        let acl = try rendered("kv/u-{{identity.entity.name}}* = read", "\u{0D4E}")
        #expect(!acl.verdict(.read, path: "kv/u-victim").isAllowed)
        #expect(acl.verdict(.read, path: "kv/u-\u{0D4E}x").isAllowed, "its own place stays open")
    }

    @Test(
        "a value that would join the slash beside it denies its place", arguments: ["a\u{0D4E}", "\u{301}a", "\u{301}", "\u{0D4E}"])
    func joiningValue(value: String) throws {
        let acl = try rendered("kv/{{identity.entity.name}}/x = read", value)
        #expect(!acl.verdict(.read, path: "kv/\(value)/x").isAllowed)
        #expect(!acl.verdict(.read, path: "kv/victim/x").isAllowed)
    }

    @Test("a combining mark behind a template does not hide it from the denial that covers every value")
    func markBehindTemplate() throws {
        for value in ["", "*"] {
            let acl = try rendered("kv/{{identity.entity.name}}\u{301}x = deny; kv/* = read", value)
            #expect(acl.verdict(.read, path: "kv/a\u{301}x") == .denied(.denied))
            #expect(acl.verdict(.read, path: "kv/\u{E1}x") == .denied(.denied))
        }
    }

    @Test("one byte is taken off for a star, whatever stands before it")
    func star() throws {
        let path = try RulePath("kv/\u{0D4E}*")
        #expect(path.isGlob && path.text.utf8.elementsEqual("kv/\u{0D4E}".utf8))
    }

    @Test(
        "a rule for a path that no request can have is refused",
        arguments: ["kv/\u{301}x", "kv/a\u{0D4E}/x", "kv/a\u{0D4E}", "a/\u{20DD}"])
    func unreachable(path: String) {
        #expect(throws: RulePath.Refusal.notCanonical) { try RulePath(path) }
    }

    @Test("dots, stars and doubled slashes are seen through marks beside them")
    func marks() {
        #expect(throws: RulePath.Refusal.emptySegment) { try RulePath("a//\u{301}b") }
        #expect(throws: RulePath.Refusal.plusStar) { try RulePath("a/+*\u{301}") }
    }
}

@Suite("Canonical paths and joining characters")
struct JoiningPathTests {
    @Test(
        "refuses a segment that begins with a combining mark or ends in a prepending letter",
        arguments: [
            "\u{301}", "\u{301}a", "a/\u{301}b", "a/\u{301}", "a\u{0D4E}/", "a\u{0D4E}/b", "a\u{0D4E}", "a/\u{20DD}b", "a/\u{903}",
            "a/\u{FF9E}b", "a/\u{E33}", "a/\u{1F3FB}", "\u{0D4E}", "a/b\u{111C2}/c", "a/b\u{1133F}x\u{11A84}/c",
        ])
    func refuses(path: String) {
        #expect(throws: CanonicalPath.Refusal.joiningCharacter) { try CanonicalPath(decoded: path) }
        let wire = path.utf8.map {
            $0 == 0x2F || $0 < 0x80 ? String(UnicodeScalar($0)) : "%" + String($0, radix: 16, uppercase: true)
        }
        #expect(throws: CanonicalPath.Refusal.joiningCharacter) { try CanonicalPath(percentEncoded: wire.joined()) }
    }

    @Test(
        "takes the same characters inside of a segment",
        arguments: [
            "q\u{301}/x", "a/\u{0D4E}\u{0D15}/x", "\u{E9}/\u{FC}", "a/\u{0E01}\u{0E33}", "a/\u{1F44D}\u{1F3FB}b",
            "\u{65E5}\u{672C}/x",
            "a/\u{AC00}/",
        ])
    func accepts(path: String) throws {
        #expect(try CanonicalPath(decoded: path).description.utf8.elementsEqual(path.utf8))
    }
}
