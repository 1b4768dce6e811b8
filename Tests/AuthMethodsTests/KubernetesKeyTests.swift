import AuthMethods
import EngineKit
import JOSE
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("Kubernetes logins with keys of the cluster's signer") struct KubernetesKeyTests {
    private let cluster = KubernetesCluster()

    private static let projected: JSONObject = [
        "aud": ["https://k8s.example", "coffer"], "exp": 1_700_003_600, "iat": 1_700_000_000, "iss": "https://k8s.example",
        "kubernetes.io": [
            "namespace": "prod", "pod": ["name": "web-1", "uid": "p-1"],
            "serviceaccount": ["name": "web", "uid": "11111111-2222-3333-4444-555555555555"],
        ],
        "nbf": 1_700_000_000, "sub": "system:serviceaccount:prod:web",
    ]
    private static let legacy: JSONObject = [
        "iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "prod",
        "kubernetes.io/serviceaccount/secret.name": "web-token-1", "kubernetes.io/serviceaccount/service-account.name": "web",
        "kubernetes.io/serviceaccount/service-account.uid": "11111111-2222-3333-4444-555555555555",
        "sub": "system:serviceaccount:prod:web",
    ]

    /// A mount with these keys, the key that the cluster signs with among them.
    private func mount(_ keys: [SigningKey], _ role: JSONObject = [:], _ more: JSONObject = [:]) async throws -> AuthDriver {
        let pems = try keys.map { try $0.publicPEM() }
        let settings: JSONObject = ["token_reviewer_jwt": .string(KubernetesCluster.reviewer), "pem_keys": .strings(pems)]
        return try await cluster.mount(role, configuration: settings.with(more))
    }

    private func refusal(_ driver: AuthDriver, _ token: String) async -> CofferError? {
        await driver.refusal(.update, "login", ["role": "app", "jwt": .string(token)])
    }

    /// Signs claims, and lets the cluster accept the token.
    private func token(_ claims: JSONObject, by key: SigningKey, isKnown: Bool = true) throws -> String {
        let token = try key.sign(claims, keyID: "k1")
        if isKnown { cluster.accept(token) }
        return token
    }

    @Test(
        "take projected and legacy tokens of every kind of key",
        arguments: [SignatureAlgorithm.rs256, .es256, .es384],
        [KubernetesKeyTests.projected, KubernetesKeyTests.legacy])
    func signed(algorithm: SignatureAlgorithm, claims: JSONObject) async throws {
        let (key, other) = (try SigningKey(generating: algorithm), try SigningKey(generating: .es256))
        let driver = try await mount([other, key])
        #expect(await refusal(driver, try token(claims, by: key)) == nil)
        #expect(cluster.outbound.requests.count == 1)
        #expect(try await driver.data(.read, "config")["pem_keys"]?.arrayValue?.count == 2)
    }

    @Test("ask the cluster as well: a token that it does not accept logs nobody in")
    func both() async throws {
        let key = try SigningKey(generating: .es256)
        let driver = try await mount([key])
        #expect(await refusal(driver, try token(Self.projected, by: key, isKnown: false))?.code == .permissionDenied)
        #expect(cluster.outbound.requests.count == 1)
    }

    @Test("do not ask the cluster about a token of another signer, or without a signature")
    func forged() async throws {
        let (key, other) = (try SigningKey(generating: .es256), try SigningKey(generating: .es256))
        let driver = try await mount([key])
        let good = try token(Self.projected, by: key)
        let parts = good.split(separator: ".").map(String.init)
        let none = Base64.encode(Array(#"{"alg":"none"}"#.utf8), as: .url) + "." + parts[1] + "."
        let confused = Base64.encode(Array(#"{"alg":"HS256"}"#.utf8), as: .url) + "." + parts[1] + "." + parts[2]
        for token in [
            try token(Self.projected, by: other), none, confused, parts[0] + "." + parts[1] + ".c2ln",
            parts[0] + "." + parts[1] + "." + parts[2] + "=", cluster.token(),
        ] {
            cluster.accept(token)
            #expect(await refusal(driver, token)?.code == .permissionDenied)
        }
        #expect(cluster.outbound.requests.isEmpty)
        #expect(await refusal(driver, good) == nil)
    }

    @Test(
        "do not take a token of which one claim is another than was signed",
        arguments: [
            ("aud", ["other"]), ("exp", 1_800_000_000), ("nbf", 1_600_000_000), ("iss", "other"), ("sub", "other"),
            ("kubernetes.io", ["namespace": "prod", "serviceaccount": ["name": "web", "uid": "other"]]),
            ("kubernetes.io", ["namespace": "other", "serviceaccount": ["name": "web", "uid": "u"]]),
            ("kubernetes.io", ["namespace": "prod", "serviceaccount": ["name": "other", "uid": "u"]]),
            ("kubernetes.io/serviceaccount/namespace", "other"), ("kubernetes.io/serviceaccount/service-account.name", "other"),
            ("kubernetes.io/serviceaccount/service-account.uid", "other"), ("kubernetes.io/serviceaccount/secret.name", "other"),
        ] as [(String, JSON)])
    func oneClaimChanged(name: String, value: JSON) async throws {
        let key = try SigningKey(generating: .es256)
        let driver = try await mount([key], ["bound_service_account_names": ["*"]])
        let claims = name.hasPrefix("kubernetes.io/") ? Self.legacy : Self.projected
        let parts = try token(claims, by: key).split(separator: ".").map(String.init)
        var changed = claims
        changed[name] = value
        let forged = parts[0] + "." + Base64.encode(changed.encoded(), as: .url) + "." + parts[2]
        cluster.accept(forged)
        #expect(await refusal(driver, forged)?.code == .permissionDenied)
        #expect(cluster.outbound.requests.isEmpty)
    }

    @Test(
        "judge a signed token by its claims as any other",
        arguments: [
            ("exp", 1_600_000_000), ("nbf", 1_900_000_000), ("aud", ["vault"]), ("aud", []), ("iss", "https://other.example"),
            ("kubernetes.io", ["namespace": "dev", "serviceaccount": ["name": "web", "uid": "u"]]),
            ("kubernetes.io", ["namespace": "prod", "serviceaccount": ["name": "api", "uid": "u"]]),
            ("kubernetes.io", ["namespace": "prod", "serviceaccount": ["name": "web"]]), ("kubernetes.io", [:]),
        ] as [(String, JSON)])
    func refused(name: String, value: JSON) async throws {
        let key = try SigningKey(generating: .es256)
        let driver = try await mount(
            [key], ["audience": "coffer"], ["disable_iss_validation": false, "issuer": "https://k8s.example"])
        #expect(await refusal(driver, try token(Self.projected, by: key)) == nil)
        var claims = Self.projected
        claims[name] = value
        #expect(await refusal(driver, try token(claims, by: key))?.code == .permissionDenied)
    }

    @Test(
        "do not store what is no public key",
        arguments: ["", "canary", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
    func malformed(text: String) async throws {
        let driver = try await cluster.mount()
        let fields: JSONObject = ["kubernetes_host": .string(KubernetesCluster.host), "pem_keys": [.string(text)]]
        let refusal = await driver.refusal(.update, "config", fields)
        #expect(refusal?.code == .invalidRequest && refusal?.messages.contains { $0.contains("canary") } == false)
        let many = try (0..<33).map { _ in try SigningKey(generating: .es256).publicPEM() }
        let tooMany: JSONObject = ["kubernetes_host": .string(KubernetesCluster.host), "pem_keys": .strings(many)]
        #expect(await driver.refusal(.update, "config", tooMany)?.code == .invalidRequest)
        #expect(try await driver.data(.read, "config")["pem_keys"] == [])
    }
}
