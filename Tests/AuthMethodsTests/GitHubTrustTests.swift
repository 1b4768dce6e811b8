import AuthMethods
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("GitHub: whom it trusts")
struct GitHubTrustTests {
    private static func teams(_ names: String...) -> ScriptedOutbound {
        let list = names.map { name in
            JSON.object(["name": .string(name), "slug": "ube", "organization": ["id": 7]])
        }
        let text = String(decoding: JSON.array(list).encoded(), as: UTF8.self)
        return GitHubDriver.company(["user/teams?per_page=100&page=1": text])
    }

    @Test(
        "a team whose name looks like another's has none of its policies and groups",
        arguments: ["\u{212A}ube", " Kube ", "kube ", "\u{FF2B}ube", "ku\u{AD}be", "Kub\u{E9}", "Kube\u{301}"])
    func lookAlikes(name: String) async throws {
        let gitHub = try await GitHubDriver(api: Self.teams(name))
        try await gitHub.driver.send(.update, "map/teams/kube", ["value": "kube-policy"])
        try await gitHub.driver.send(.update, "map/teams/kub\u{E9}", ["value": "other-policy"])
        let grant = try await gitHub.logIn("ghp_ann")
        #expect(!grant.policies.contains("kube-policy"))
        #expect(!grant.groupAliases.contains("kube") && grant.groupAliases.contains("ube"))
    }

    @Test("ASCII letters match in either case, and other letters as they are")
    func names() async throws {
        let gitHub = try await GitHubDriver(api: Self.teams("KuBe", "\u{C4}rzte"))
        try await gitHub.driver.send(.update, "map/teams/ kUbe ", ["value": "kube-policy"])
        try await gitHub.driver.send(.update, "map/teams/\u{C4}RZTE", ["value": "doctors"])
        let grant = try await gitHub.logIn("ghp_ann")
        #expect(grant.policies == ["doctors", "kube-policy"])
        #expect(grant.groupAliases == ["kube", "ube", "\u{C4}rzte"])
    }

    @Test("a stored token is sent to no other server than that of its login")
    func otherServer() async throws {
        let gitHub = try await GitHubDriver()
        let grant = try await gitHub.logIn("ghp_ann")
        #expect(try await gitHub.renewed(grant).aliasName == "Ann")
        try await gitHub.driver.send(.update, "config", ["base_url": "https://evil.example/", "organization_id": 7])
        let before = gitHub.api.requests.count
        await #expect(throws: CofferError.self) { try await gitHub.renewed(grant) }
        #expect(gitHub.api.requests.count == before)
        try await gitHub.driver.send(.update, "config", ["base_url": "", "organization_id": 7])
        #expect(try await gitHub.renewed(grant).aliasName == "Ann")
        var older = grant
        older.facts["base_url"] = nil
        await #expect(throws: CofferError.self) { try await gitHub.renewed(older) }
    }
}
