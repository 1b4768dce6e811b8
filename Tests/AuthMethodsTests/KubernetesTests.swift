import AuthMethods
import EngineKit
import Foundation
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("Kubernetes logins") struct KubernetesTests {
    private let cluster = KubernetesCluster()

    private func refusal(_ driver: AuthDriver, _ token: String, role: String = "app") async -> CofferError? {
        await driver.refusal(.update, "login", ["role": .string(role), "jwt": .string(token)])
    }

    private func grant(_ driver: AuthDriver, _ token: String) async throws -> AuthGrant {
        try await driver.grant("login", ["role": "app", "jwt": .string(token)])
    }

    @Test("tell who logged in, with projected and legacy tokens, by a TokenReview of the reviewer")
    func metadata() async throws {
        let driver = try await cluster.mount(["token_policies": "dev"])
        let projected = try await grant(driver, cluster.token())
        #expect(projected.displayName == "kubernetes-prod-web" && projected.policies == ["dev"])
        #expect(projected.aliasName == "11111111-2222-3333-4444-555555555555")
        #expect(
            projected.metadata == [
                "role": "app", "service_account_name": "web", "service_account_namespace": "prod",
                "service_account_uid": "11111111-2222-3333-4444-555555555555", "service_account_secret_name": "",
            ])
        let legacy = try await grant(driver, cluster.legacyToken())
        #expect(legacy.metadata["service_account_secret_name"] == "web-token-1" && legacy.aliasName == projected.aliasName)
        let request = try #require(cluster.outbound.requests.first)
        #expect(request.headers.contains { $0 == ("authorization", "Bearer " + KubernetesCluster.reviewer) })
        try await driver.send(.update, "role/app", ["alias_name_source": "serviceaccount_name"])
        #expect(try await grant(driver, cluster.token()).aliasName == "prod/web")
    }

    @Test(
        "need an account and a namespace of the role",
        arguments: [
            (["web"], ["prod"], true), (["w*"], ["*"], true), (["*"], ["pr*"], true), (["api", "web"], ["dev", "prod"], true),
            (["api"], ["prod"], false), (["web"], ["dev"], false), (["we"], ["prod"], false), (["web"], ["PROD"], false),
        ] as [([String], [String], Bool)])
    func bound(names: [String], namespaces: [String], isAllowed: Bool) async throws {
        let driver = try await cluster.mount([
            "bound_service_account_names": .strings(names), "bound_service_account_namespaces": .strings(namespaces),
        ])
        #expect(await refusal(driver, cluster.token())?.code == (isAllowed ? nil : .permissionDenied))
        // The cluster is not asked about tokens that cannot be for the role.
        #expect(cluster.outbound.requests.isEmpty != isAllowed)
    }

    @Test(
        "believe the cluster, not the token",
        arguments: [
            KubernetesCluster.Account(name: "api"), KubernetesCluster.Account(namespace: "dev"),
            KubernetesCluster.Account(uid: "x"),
        ])
    func otherAccount(account: KubernetesCluster.Account) async throws {
        let driver = try await cluster.mount()
        // The token says prod/web; the cluster knows better.
        let token = cluster.token(isKnown: false) { $0["jti"] = "1" }
        #expect(await refusal(driver, token)?.code == .permissionDenied)
        let part = String(token.split(separator: ".")[1])
        let claims = try JSON(parsing: try #require(Base64.decode(part, as: .url)))
        _ = cluster.register(claims.objectValue ?? [:], account)
        #expect(await refusal(driver, token)?.code == .permissionDenied)
        _ = cluster.register(claims.objectValue ?? [:], .init())
        #expect(await refusal(driver, token) == nil)
    }

    @Test("are for the audience of the role, by the token and by the cluster")
    func audience() async throws {
        let driver = try await cluster.mount(["audience": "coffer"])
        #expect(await refusal(driver, cluster.token()) == nil)
        let sent = try #require((try? JSON(parsing: cluster.outbound.requests[0].body))?.objectValue?["spec"]?.objectValue)
        #expect(sent["audiences"] == ["coffer"])
        #expect(await refusal(driver, cluster.token(.init(audiences: ["vault"])))?.code == .permissionDenied)
        #expect(await refusal(driver, cluster.legacyToken())?.code == .permissionDenied)
        // A cluster that ignores audiences says so by leaving them out.
        cluster.answer { _ in
            let user = #"{"username":"system:serviceaccount:prod:web","uid":"11111111-2222-3333-4444-555555555555"}"#
            let body = #"{"kind":"TokenReview","status":{"authenticated":true,"user":\#(user)}}"#
            return OutboundReply(status: 201, body: Array(body.utf8))
        }
        #expect(await refusal(driver, cluster.token())?.code == .permissionDenied)
    }

    @Test("end with the times of the token, and with its issuer where that is checked")
    func claims() async throws {
        let driver = try await cluster.mount()
        #expect(await refusal(driver, cluster.token { $0["exp"] = 1_699_999_000 })?.code == .permissionDenied)
        #expect(await refusal(driver, cluster.token { $0["nbf"] = 1_700_001_000 })?.code == .permissionDenied)
        #expect(await refusal(driver, cluster.token { $0["exp"] = .number("9223372036854775807") }) == nil)
        #expect(await refusal(driver, cluster.token { $0["exp"] = "soon" })?.code == .permissionDenied)
        let strict = try await cluster.mount(configuration: [
            "disable_iss_validation": false, "issuer": "https://k8s.example",
            "token_reviewer_jwt": .string(KubernetesCluster.reviewer),
        ])
        #expect(await refusal(strict, cluster.token()) == nil)
        #expect(await refusal(strict, cluster.token { $0["iss"] = "https://other.example" })?.code == .permissionDenied)
        #expect(await refusal(strict, cluster.legacyToken())?.code == .permissionDenied)
    }

    @Test("refuse what is no token of a service account")
    func malformed() async throws {
        let driver = try await cluster.mount()
        let good = cluster.token()
        let parts = good.split(separator: ".").map(String.init)
        func encoded(_ text: String) -> String { Base64.encode(Array(text.utf8), as: .url) }
        let twice = encoded(#"{"kubernetes.io":{"namespace":"dev"},"kubernetes.io":{"namespace":"prod"}}"#)
        for token in [
            "", "a", "a.b", "a.b.c", good + ".x", parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".",
            parts[1] + ".." + parts[2],
            parts[0] + "." + twice + ".c2ln", parts[0] + "." + encoded("[]") + ".c2ln", parts[0] + "." + encoded("{}") + ".c2ln",
            encoded("x") + "." + parts[1] + "." + parts[2],
        ] {
            let code = await refusal(driver, token)?.code
            #expect(code == (token.isEmpty ? .invalidRequest : .permissionDenied), "\(token)")
        }
        for name in ["../prod", "a/b", "a%2fb", "", "*", String(repeating: "a", count: 254)] {
            #expect(await refusal(driver, cluster.token(.init(namespace: name)))?.code == .permissionDenied)
        }
        #expect(cluster.outbound.requests.isEmpty)
    }

    @Test("by a namespace's labels ask the cluster for them")
    func selector() async throws {
        let driver = try await cluster.mount([
            "bound_service_account_namespaces": ["other"],
            "bound_service_account_namespace_selector":
                #"{"matchLabels":{"team":"a"},"matchExpressions":[{"key":"tier","operator":"NotIn","values":["test"]}]}"#,
        ])
        #expect(await refusal(driver, cluster.token())?.code == .permissionDenied)
        cluster.label("prod", ["team": "a"])
        #expect(await refusal(driver, cluster.token()) == nil)
        let login = try await grant(driver, cluster.token())
        cluster.label("prod", ["team": "a", "tier": "test"])
        #expect(await refusal(driver, cluster.token())?.code == .permissionDenied)
        let method = try #require(driver.method as? any AuthMethod)
        let held = HeldLogin(metadata: login.metadata, facts: login.facts)
        await #expect(throws: CofferError.self) { try await method.renewal(of: held) }
        cluster.label("prod", ["team": "a", "tier": "live"])
        #expect(try await method.renewal(of: held).aliasName == login.aliasName)
    }

    @Test("say only that the API is not there, and the log says why")
    func failures() async throws {
        let driver = try await cluster.mount()
        for status in [500, 302, 429] {
            cluster.answer { _ in OutboundReply(status: status, body: Array("canary".utf8)) }
            let refusal = await refusal(driver, cluster.token())
            #expect(refusal?.code == .unavailable && refusal?.message.contains("canary") == false)
        }
        for body in ["", "canary", "[]", #"{"kind":"Status"}"#, #"{"kind":"TokenReview"}"#] {
            cluster.answer { _ in OutboundReply(status: 200, body: Array(body.utf8)) }
            #expect(await refusal(driver, cluster.token())?.code == .unavailable)
        }
        for status in [401, 403] {
            cluster.answer { _ in OutboundReply(status: status) }
            #expect(await refusal(driver, cluster.token())?.code == .permissionDenied)
        }
        for status in [
            #"{"authenticated":false}"#, #"{"authenticated":true,"error":"x"}"#, #"{"authenticated":"true"}"#, "{}",
            #"{"authenticated":true,"user":{"username":"system:serviceaccount:prod:web"}}"#,
        ] {
            cluster.answer { _ in OutboundReply(status: 201, body: Array(#"{"kind":"TokenReview","status":\#(status)}"#.utf8)) }
            #expect(await refusal(driver, cluster.token())?.code == .permissionDenied)
        }
        // All that is said of the account is right.
        let uid = KubernetesCluster.Account().uid
        let rest = #""audiences":["coffer"],"user":{"username":"system:serviceaccount:prod:web","uid":"\#(uid)"}"#
        for (said, isAccepted) in [
            (#""authenticated":true,"#, true), (#""authenticated":false,"#, false), (#""authenticated":"true","#, false),
            (#""authenticated":1,"#, false), ("", false), (#""authenticated":true,"error":"x","#, false),
        ] {
            let body = #"{"kind":"TokenReview","status":{\#(said)\#(rest)}}"#
            cluster.answer { _ in OutboundReply(status: 201, body: Array(body.utf8)) }
            #expect((await refusal(driver, cluster.token()) == nil) == isAccepted, "\(said)")
        }
    }

    @Test("use the token and the authority of the pod, read again after a minute, or the login's own token")
    func reviewers() async throws {
        let directory = try TemporaryDirectory()
        let driver = try await cluster.mount(configuration: ["issuer": ""], pod: directory.path)
        func reviewer() -> String? {
            cluster.outbound.requests.last?.headers.first { $0.name == "authorization" }?.value
        }
        let token = cluster.token()
        #expect(await refusal(driver, token) == nil)
        #expect(reviewer() == "Bearer " + token)
        try Data((KubernetesCluster.reviewer + "\n").utf8).write(to: URL(fileURLWithPath: directory.file("token")))
        #expect(await refusal(driver, token) == nil)
        #expect(reviewer() == "Bearer " + token, "not read again so soon")
        driver.time.advance(seconds: 61)
        #expect(await refusal(driver, token) == nil)
        #expect(reviewer() == "Bearer " + KubernetesCluster.reviewer)
        try Data("aaa.rotated.ccc".utf8).write(to: URL(fileURLWithPath: directory.file("token")))
        driver.time.advance(seconds: 61)
        _ = await refusal(driver, token)
        #expect(reviewer() == "Bearer aaa.rotated.ccc")
        let apart = try await cluster.mount(
            configuration: ["disable_local_ca_jwt": true, "kubernetes_ca_cert": .string(TestCertificates.authority.pem)],
            pod: directory.path)
        #expect(await refusal(apart, token) == nil)
        #expect(reviewer() == "Bearer " + token)
    }

    @Test("are configured with a host, and never show the reviewer's token")
    func configuration() async throws {
        let driver = try AuthDriver(KubernetesMethod.description(outbound: cluster.outbound, podDirectory: "/nowhere"))
        #expect(await driver.refusal(.read, "config")?.code == .notFound)
        #expect(await driver.refusal(.update, "config", [:])?.message == "no host provided")
        #expect(
            await driver.refusal(.update, "config", ["kubernetes_host": "https://k", "disable_local_ca_jwt": true])?.message
                == "kubernetes_ca_cert must be given when disable_local_ca_jwt is true")
        let bad = await driver.refusal(.update, "config", ["kubernetes_host": "https://k", "token_reviewer_jwt": "canary"])
        #expect(bad?.code == .invalidRequest && bad?.message == "compact JWS format must have three parts")
        for host in ["ftp://k", "https://user@k", "https://k?x", "canary host"] {
            #expect(await driver.refusal(.update, "config", ["kubernetes_host": .string(host)])?.code == .invalidRequest)
        }
        try await driver.send(.update, "config", ["kubernetes_host": "k8s.example:6443/", "token_reviewer_jwt": "a.canary.c"])
        let shown = try await driver.data(.read, "config")
        #expect(shown["kubernetes_host"] == "https://k8s.example:6443" && shown["token_reviewer_jwt_set"] == true)
        #expect(shown["disable_iss_validation"] == true && !String(describing: shown).contains("canary"))
        try await driver.send(.update, "config", ["kubernetes_host": "https://k"])
        #expect(try await driver.data(.read, "config")["token_reviewer_jwt_set"] == false)
    }

    @Test(
        "refuse a role that every account of the cluster could log in with",
        arguments: [
            [:], ["bound_service_account_names": ["a"]], ["bound_service_account_namespaces": ["a"]],
            ["bound_service_account_names": ["*"], "bound_service_account_namespaces": ["*"]],
            ["bound_service_account_names": ["**"], "bound_service_account_namespaces": ["*"]],
            ["bound_service_account_names": ["a", "*"], "bound_service_account_namespaces": ["a"]],
            ["bound_service_account_names": ["a"], "bound_service_account_namespace_selector": "{}"],
            ["bound_service_account_names": ["a"], "bound_service_account_namespace_selector": #"{"matchLabels":{}}"#],
            ["bound_service_account_names": ["a"], "bound_service_account_namespace_selector": "team=a"],
            [
                "bound_service_account_names": ["a"],
                "bound_service_account_namespace_selector": #"{"matchExpressions":[{"key":"a","operator":"In"}]}"#,
            ],
            [
                "bound_service_account_names": ["a"], "bound_service_account_namespaces": ["a"], "alias_name_source": "canary",
            ],
        ] as [JSONObject])
    func badRoles(fields: JSONObject) async throws {
        let driver = try AuthDriver(KubernetesMethod.description(outbound: cluster.outbound, podDirectory: "/nowhere"))
        #expect(await driver.refusal(.update, "role/x", fields)?.code == .invalidRequest)
        #expect(try await driver.keys("role") == [])
    }
}
