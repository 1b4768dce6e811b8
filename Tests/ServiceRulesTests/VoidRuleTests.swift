import ServiceRules
import Testing

@Suite("Rules that name no secret")
struct VoidRuleTests {
    @Test(
        "a resource without a path, or with one that ends in a slash, grants nothing",
        arguments: ["secret:newsbot:", "secret:*:", "secret:newsbot:prod/"])
    func grantsNothing(text: String) throws {
        let rule = ServiceRule(.allow, Set(ServiceAction.allCases), on: try PathRule(resource: text), text: text, source: "x")
        #expect(rule.path.isVoid)
        for path in ["newsbot", "newsbot/", "newsbot/a", "newsbot/prod", "newsbot/prod/", "newsbot/prod/a", "newsbot/prod/a/b"] {
            for action in ServiceAction.allCases { #expect([rule].decision(action, on: path) == .unmentioned, "\(path)") }
        }
        let compiled = try ServiceDefinition(name: "x", rules: [rule]).compiled(mount: "services/", projectsMount: "projects/")
        #expect(!compiled.policy.contains("services/") && compiled.listingRoots.isEmpty && !compiled.policy.contains("manage/"))
    }

    @Test("one that denies still denies all that it may mean", arguments: ["secret:newsbot:", "secret:newsbot:prod/"])
    func denies(text: String) throws {
        let file = try ServicePolicyFile(
            parsing: """
                policies:
                  - name: p
                    permissions:
                      - {actions: ["*"], resources: ["secret:newsbot:*"]}
                      - {effect: deny, actions: ["*"], resources: ["\(text)"]}
                services:
                  - {name: x, roles: [p]}
                """)
        #expect(file.services[0].rules.decision(.read, on: "newsbot/prod/a").isAllowed == false)
    }

    @Test("sections for somebody else are passed over and named once, and a rule that grants nothing with its line")
    func remarks() throws {
        let file = try ServicePolicyFile(
            parsing: """
                application: {name: x}
                database:
                  url: sqlite:///x
                security: {algorithm: AES}
                policies:
                  - name: p
                    permissions:
                      - actions: [read]
                        resources:
                          - "secret:newsbot:"
                services:
                  - {name: x, roles: [p]}
                cors: {origins: ["*"]}
                """)
        #expect(file.services.map(\.name) == ["x"])
        #expect(
            file.remarks.prefix(4)
                == ["application", "database", "security", "cors"].map {
                    "the section '\($0)' is ignored, because Coffer does not use it"
                }[
                    ...])
        #expect(file.remarks.count == 5 && file.remarks[4].hasPrefix("line 10: "))
        // What stands below a known section is read as strictly as before.
        #expect(throws: ServiceCatalogError.self) { try ServicePolicyFile(parsing: "services:\n  - {name: x, rolls: [p]}\n") }
    }
}
