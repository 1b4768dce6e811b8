import AuthMethods
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

/// A mount of the github method, and an API of GitHub with the members ann and app.
struct GitHubDriver {
    let api: ScriptedOutbound
    let driver: AuthDriver

    static let base: JSONObject = ["organization": "example", "organization_id": 7]

    /// Answers as GitHub does, for the tokens `ghp_ann` and `ghp_app`.
    static func company(_ changes: [String: String] = [:]) -> ScriptedOutbound {
        ScriptedOutbound { request throws(OutboundError) in
            let token = request.headers.first { $0.name == "authorization" }?.value ?? ""
            let path = String(request.url.dropFirst("https://api.github.com/".count))
            if let changed = changes[path] ?? changes["\(token) \(path)"] {
                return changed.isEmpty ? OutboundReply(status: 401) : OutboundReply(status: 200, body: Array(changed.utf8))
            }
            let answers = [
                "orgs/example": #"{"login":"example","id":7}"#,
                "Bearer ghp_ann user": #"{"login":"Ann","id":1}"#, "Bearer ghp_app user": #"{"login":"app","id":2}"#,
                "Bearer ghp_eve user": #"{"login":"eve","id":3}"#,
                "Bearer ghp_eve user/orgs?per_page=100&page=1": #"[{"login":"example","id":8}]"#,
            ]
            let shared = [
                "user/orgs?per_page=100&page=1": #"[{"login":"other","id":5},{"login":"example","id":7}]"#,
                "user/teams?per_page=100&page=1": """
                [{"name":"Dev Team","slug":"dev-team","organization":{"id":7}},{"name":"Foreign","slug":"foreign","organization":{"id":5}}]
                """,
            ]
            let isKnown = ["Bearer ghp_ann", "Bearer ghp_app", "Bearer ghp_eve"].contains(token)
            guard let text = answers["\(token) \(path)"] ?? (token.isEmpty ? answers[path] : isKnown ? shared[path] : nil) else {
                return OutboundReply(status: 401, body: Array(#"{"message":"Bad credentials"}"#.utf8))
            }
            return OutboundReply(status: 200, body: Array(text.utf8))
        }
    }

    init(_ settings: JSONObject = GitHubDriver.base, api: ScriptedOutbound = GitHubDriver.company()) async throws {
        self.api = api
        driver = try AuthDriver(GitHubMethod.description(outbound: api))
        try await driver.send(.update, "config", settings)
    }

    func logIn(_ token: String) async throws -> AuthGrant { try await driver.grant("login", ["token": .string(token)]) }

    func refusal(_ token: String) async -> CofferError? {
        await driver.refusal(.update, "login", ["token": .string(token)])
    }

    func renewed(_ grant: AuthGrant) async throws -> AuthGrant {
        let method = try #require(driver.method as? any AuthMethod)
        return try await method.renewal(of: HeldLogin(metadata: grant.metadata, facts: grant.facts))
    }
}

extension AuthMethodSubject {
    static let gitHub = AuthMethodSubject(
        description: GitHubMethod.description(outbound: GitHubDriver.company()), account: "config", base: GitHubDriver.base,
        login: { _ in ("login", ["token": "ghp_app"]) },
        failures: { _ in
            [
                ("login", ["token": "canary"]), ("login", [:]), ("login", ["token": ""]), ("login", ["token": "ghp_eve"]),
                ("login", ["token": "canary \r\nx: y"]), ("login", ["token": .string(String(repeating: "x", count: 100_000))]),
            ]
        },
        displayName: "github-app", secrets: [], hasFormerLogins: false)
}

@Suite("GitHub")
struct GitHubTests {
    @Test("a member gets the policies of the mount, the own ones, those of the teams, and those of everybody")
    func policies() async throws {
        let gitHub = try await GitHubDriver()
        try await gitHub.driver.send(.update, "config", ["token_policies": "base"])
        for (path, policies) in [
            ("teams/Dev-Team", "by-slug"), ("teams/dev team", "by-name"), ("teams/default", "of-teams"),
            ("teams/foreign", "foreign"),
            ("users/ANN", "own, More,own"), ("users/default", "of-users"),
        ] { try await gitHub.driver.send(.update, "map/\(path)", ["value": .string(policies)]) }
        let grant = try await gitHub.logIn("ghp_ann")
        #expect(grant.policies == ["base", "by-name", "by-slug", "more", "of-teams", "of-users", "own"])
        #expect(grant.metadata == ["username": "Ann", "org": "example"] && grant.aliasName == "Ann")
        #expect(grant.groupAliases == ["dev team", "dev-team"])
        #expect(try await gitHub.driver.data(.read, "map/users/ann") == ["key": "ann", "value": "own,more"])
        #expect(try await gitHub.driver.keys("map/teams") == ["default", "dev team", "dev-team", "foreign"])
        #expect(await gitHub.driver.refusal(.update, "map/users/x", ["value": "root"])?.code == .invalidRequest)
        // The token is in the header, and in no URL.
        #expect(gitHub.api.requests.allSatisfy { !$0.url.contains("ghp_") })
    }

    @Test("the organization is pinned by its number, whoever has its name")
    func pinned() async throws {
        let gitHub = try await GitHubDriver(["organization": "example"])
        #expect(try await gitHub.driver.data(.read, "config")["organization_id"] == 7)
        #expect(await gitHub.refusal("ghp_eve")?.code == .invalidRequest)
        gitHub.api.answer(with: { request throws(OutboundError) in
            try await GitHubDriver.company(["orgs/example": #"{"login":"example","id":8}"#]).send(request)
        })
        try await gitHub.driver.send(.update, "config", ["organization": "example", "token_ttl": 60])
        #expect(try await gitHub.driver.data(.read, "config")["organization_id"] == 7)
        #expect(await gitHub.refusal("ghp_eve")?.code == .invalidRequest)
        #expect(await gitHub.refusal("ghp_ann") == nil)
    }

    @Test("an organization that cannot be found is not stored")
    func unknownOrganization() async throws {
        let api = GitHubDriver.company()
        let driver = try AuthDriver(GitHubMethod.description(outbound: api))
        for body in [
            ["organization": "nothing"], [:], ["organization": "a/b"], ["organization": "example", "base_url": "file:///x"],
        ]
            as [JSONObject]
        {
            #expect(await driver.refusal(.update, "config", body)?.code == .invalidRequest)
        }
        #expect(try await driver.records().isEmpty)
        #expect(await driver.refusal(.update, "login", ["token": "ghp_ann"])?.message == "configuration has not been set")
    }

    @Test(
        "an API that fails is no refusal, and is not described",
        arguments: [
            .success(500), .success(429), .success(302), .failure(.notSent(.unreachable)), .failure(.unanswered(.timedOut)),
            .failure(.refused(.forbiddenAddress)),
        ] as [Result<Int, OutboundError>])
    func failing(answer: Result<Int, OutboundError>) async throws {
        let gitHub = try await GitHubDriver()
        gitHub.api.answer(with: { _ throws(OutboundError) in OutboundReply(status: try answer.get()) })
        let refusal = try #require(await gitHub.refusal("ghp_ann"))
        #expect(refusal.code == .unavailable && !refusal.message.contains("github.com"))
    }

    @Test(
        "answers that the API never gives log nobody in",
        arguments: [
            ("user", "[]"), ("user", #"{"login":"a b","id":1}"#), ("user", #"{"login":"ann"}"#),
            ("user", #"{"login":"ann","id":0}"#),
            ("user", "no JSON"), ("user/orgs?per_page=100&page=1", #"{"id":7}"#), ("user/orgs?per_page=100&page=1", "[]"),
            ("user/teams?per_page=100&page=1", #"{}"#), ("user", #"{"login":"ann","id":1,"id":2}"#),
        ])
    func strange(path: String, text: String) async throws {
        let gitHub = try await GitHubDriver(api: GitHubDriver.company([path: text]))
        #expect(await gitHub.refusal("ghp_ann") != nil)
    }

    @Test("all pages of a list are read, and not without end")
    func pages() async throws {
        let page = "[" + Array(repeating: #"{"id":1}"#, count: 100).joined(separator: ",") + "]"
        let gitHub = try await GitHubDriver(
            api: GitHubDriver.company([
                "user/orgs?per_page=100&page=1": page, "user/orgs?per_page=100&page=2": #"[{"id":7}]"#,
            ]))
        #expect(await gitHub.refusal("ghp_ann") == nil)
        let endless = GitHubDriver.company()
        endless.answer(with: { request throws(OutboundError) in
            guard request.url.contains("?") else { return try await GitHubDriver.company().send(request) }
            return OutboundReply(status: 200, body: Array(page.utf8))
        })
        #expect(await (try GitHubDriver(api: endless)).refusal("ghp_ann")?.code == .unavailable)
        #expect(endless.requests.count < 30)
    }

    @Test(
        "a renewal asks again: a token that was revoked, a user who left, and another user of the name are refused",
        arguments: [
            ("user", ""), ("user/orgs?per_page=100&page=1", "[]"), ("user", #"{"login":"Ann","id":9}"#),
            ("user", #"{"login":"Eva","id":1}"#),
        ])
    func renewal(path: String, text: String) async throws {
        let gitHub = try await GitHubDriver()
        let grant = try await gitHub.logIn("ghp_ann")
        #expect(try await gitHub.renewed(grant).aliasName == "Ann")
        gitHub.api.answer(with: { request throws(OutboundError) in
            try await GitHubDriver.company([path: text]).send(request)
        })
        await #expect(throws: CofferError.self) { try await gitHub.renewed(grant) }
    }
}
