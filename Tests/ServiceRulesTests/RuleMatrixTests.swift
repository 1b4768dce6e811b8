import Testing

@testable import ServiceRules

/// Each form of a rule, each kind of path, each action: the rules and the policy made of them say the same.
@Suite("The rules of a service")
struct RuleMatrixTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var rules: [String]
        var path: String
        var allowed: String

        init(_ rules: String..., path: String, allowed: String) {
            self.rules = rules
            self.path = path
            self.allowed = allowed
        }

        var testDescription: String { "\(rules) on \(path)" }
    }

    private static let all = "delete list read write"

    static let rows: [Row] = [
        // A project and a prefix.
        Row("project:newsbot/prod/", path: "newsbot/prod/api-key", allowed: all),
        Row("project:newsbot/prod/", path: "newsbot/prod/db/password", allowed: all),
        Row("project:newsbot/prod/", path: "newsbot/prod/a/b/c/d/e/f", allowed: all),
        Row("project:newsbot/prod/", path: "newsbot/dev/api-key", allowed: ""),
        Row("project:newsbot/prod/", path: "other/prod/api-key", allowed: ""),
        Row("project:newsbot/prod/", path: "newsbot/prod", allowed: ""),
        Row("project:newsbot/prod/", path: "newsbot", allowed: ""),
        Row("project:newsbot/", path: "newsbot/anything/at/all", allowed: all),
        Row("project:newsbot", path: "newsbot/anything", allowed: all),
        Row("project:newsbot", path: "newsbots/anything", allowed: ""),
        Row("common/prod/", path: "common/prod/smtp", allowed: all),
        Row("common/prod/", path: "common/staging/smtp", allowed: ""),
        // Half a segment.
        Row("project:newsbot/prod/", path: "newsbot/production/x", allowed: ""),
        Row("project:newsbot/prod/", path: "newsbot/prod-2/x", allowed: ""),
        Row("project:newsbot/prod", path: "newsbot/production", allowed: ""),
        Row("project:newsbot/prod", path: "newsbot/prod", allowed: all),
        Row("project:newsbot/prod", path: "newsbot/prod/x", allowed: all),
        Row("project:news/prod/", path: "newsbot/prod/x", allowed: ""),
        // Wildcards stand for one segment.
        Row("project:*/prod/", path: "newsbot/prod/x", allowed: all),
        Row("project:*/prod/", path: "anything/prod/x/y", allowed: all),
        Row("project:*/prod/", path: "newsbot/dev/prod/x", allowed: ""),
        Row("project:*/prod/", path: "newsbot/dev/x", allowed: ""),
        Row("common/*/", path: "common/prod/x", allowed: all),
        Row("common/*/", path: "common/x", allowed: ""),
        Row("common/*/keys/", path: "common/prod/keys/x", allowed: all),
        Row("common/*/keys/", path: "common/prod/eu/keys/x", allowed: ""),
        Row("*/*/shared/", path: "a/b/shared/c", allowed: all),
        Row("*/*/shared/", path: "a/shared/c", allowed: ""),
        // Case.
        Row("project:newsbot/prod/", path: "Newsbot/prod/x", allowed: ""),
        Row("project:newsbot/prod/", path: "newsbot/PROD/x", allowed: ""),
        Row("project:NewsBot/prod/", path: "NewsBot/prod/x", allowed: all),
        // Resources of roles.
        Row("allow read secret:newsbot*:prod/*", path: "newsbot-eu/prod/x", allowed: "read"),
        Row("allow read secret:newsbot*:prod/*", path: "newsbot/prod/x/y", allowed: "read"),
        Row("allow read secret:newsbot*:prod/*", path: "mynewsbot/prod/x", allowed: ""),
        Row("allow read secret:newsbot*:prod/*", path: "newsbot/prod", allowed: ""),
        Row("allow read secret:newsbot*:prod/*", path: "newsbot/production/x", allowed: ""),
        Row("allow read secret:newsbot:prod/db", path: "newsbot/prod/db", allowed: "read"),
        Row("allow read secret:newsbot:prod/db", path: "newsbot/prod/db/x", allowed: ""),
        Row("allow read secret:newsbot:prod/api-*", path: "newsbot/prod/api-key", allowed: "read"),
        Row("allow read secret:newsbot:prod/api-*", path: "newsbot/prod/api-key/x", allowed: ""),
        Row("allow read secret:newsbot:*", path: "newsbot/a", allowed: "read"),
        Row("allow read,list secret:*:*", path: "a/b", allowed: "list read"),
        Row("allow write secret:newsbot:prod/*", path: "newsbot/prod/x", allowed: "write"),
        Row("allow list secret:newsbot:prod/*", path: "newsbot/prod/x", allowed: "list"),
        // Denials first, whichever is narrower.
        Row("allow * secret:newsbot:*", "deny * secret:newsbot:prod/*", path: "newsbot/prod/x", allowed: ""),
        Row("allow * secret:newsbot:*", "deny * secret:newsbot:prod/*", path: "newsbot/dev/x", allowed: all),
        Row("deny * secret:newsbot:*", "allow * secret:newsbot:prod/*", path: "newsbot/prod/x", allowed: ""),
        Row("allow * secret:newsbot:prod/db", "deny write secret:newsbot:*", path: "newsbot/prod/db", allowed: "delete list read"),
        Row("allow * secret:newsbot:*", "deny write,delete secret:*:prod/*", path: "newsbot/prod/x", allowed: "list read"),
        Row("allow * secret:*:*", "deny * secret:*:*/keys/*", path: "a/b/keys/c", allowed: ""),
        Row("allow * secret:*:*", "deny * secret:*:*/keys/*", path: "a/b/c/keys/d", allowed: all),
        Row("allow * secret:*:*", "deny read secret:news*:*", path: "newsbot/x", allowed: "delete list write"),
        Row("allow * secret:*:prod/*", "deny * secret:newsbot:*/secret", path: "newsbot/prod/secret", allowed: ""),
        Row("allow * secret:*:prod/*", "deny * secret:newsbot:*/secret", path: "newsbot/prod/secret/x", allowed: all),
        Row("allow read secret:a:*", "allow write secret:a:b/*", path: "a/b/c", allowed: "read write"),
        Row("allow * secret:a:*", "deny list secret:a:b/*", path: "a/b/", allowed: "delete read write"),
        Row("allow list secret:a:*", "deny list secret:a:b/*", path: "a/c/", allowed: "list"),
        Row("allow list secret:a:b", path: "a/b/", allowed: ""),
        Row("project:newsbot/prod/", path: "newsbot/prod/", allowed: all),
        Row("project:newsbot/prod/", path: "newsbot/dev/", allowed: ""),
        Row("project:newsbot/prod/", path: "newsbot/", allowed: ""),
        Row("common/*/", path: "common/prod/eu/", allowed: all),
        // Nothing.
        Row("deny * secret:*:*", path: "a/b", allowed: ""),
    ]

    @Test("say what they are written to say, and so does their policy", arguments: rows)
    func agree(_ row: Row) throws {
        let rules = try row.rules.map(rule)
        let compiled = try CompiledService(rules)
        for action in ServiceAction.allCases {
            let expected = row.allowed.contains(action.rawValue)
            #expect(rules.decision(action, on: row.path).isAllowed == expected, "\(action) by the rules")
            // A policy knows listings of folders only, and only folders end so.
            if row.path.hasSuffix("/") != (action == .list) { continue }
            #expect(compiled.allows(action, row.path) == expected, "\(action) by the policy")
        }
    }

    @Test(
        "that could be read in two ways are refused",
        arguments: [
            "", "/", "project:", "project:/prod/", "newsbot//prod/", "newsbot/../prod/", "newsbot/./prod/", "newsbot/pr*/",
            "newsbot/*x/", "newsbot/**/", "newsbot/a%2fb/", "newsbot/+/", "newsbot/a\\b/", "newsbot/a\"b/", "newsbot/{{x}}/",
            "newsbot/a\u{0}b/", "newsbot/e\u{301}/",
        ])
    func refuses(_ text: String) {
        #expect(throws: ServiceRuleError.self) { try PathRule(prefix: text) }
    }

    @Test(
        "for resources are refused when they are none",
        arguments: [
            "newsbot:prod/*", "secret:newsbot", "secret::x", "secret:a/b:x", "secret:a:b//c", "secret:a:*x", "secret:a:../b",
            "secret:a:b:c", "file:a:b", "secret:?ewsbot:*", "secret:a:p?od/*", "secret:a:[pd]*", "secret:a:x]",
        ])
    func refusesResources(_ text: String) {
        #expect(throws: ServiceRuleError.self) { try PathRule(resource: text) }
    }

    @Test("tell which of them decided")
    func explain() throws {
        let rules = [try rule("allow * secret:newsbot:*"), try rule("deny write secret:newsbot:prod/*")]
        #expect(rules.decision(.read, on: "newsbot/prod/x") == .allowed(rules[0]))
        #expect(rules.decision(.write, on: "newsbot/prod/x") == .denied(by: rules[1]))
        #expect(rules.decision(.read, on: "other/x") == .unmentioned)
    }
}
