import AuthMethods
import EngineKit
import Outbound
import Syntax
import Synchronization
import TestSupport

/// A cluster's API, as a test plays it: it answers TokenReviews (authentication.k8s.io/v1) and shows namespaces.
final class KubernetesCluster: Sendable {
    static let host = "https://k8s.example:6443"
    static let reviewer = "aaa.reviewer.ccc"

    struct Account: Sendable {
        var namespace = "prod"
        var name = "web"
        var uid = "11111111-2222-3333-4444-555555555555"
        var audiences = ["https://k8s.example", "coffer"]
    }

    private struct State {
        var accounts: [String: Account] = [:]
        var labels: [String: [String: String]] = [:]
        var status: (@Sendable (OutboundRequest) -> OutboundReply?)?
    }

    private let state = Mutex(State())
    let outbound = ScriptedOutbound(json: [:])

    init() {
        outbound.answer { [self] request throws(OutboundError) in
            if let answer = state.withLock({ $0.status })?(request) { return answer }
            let bearer = request.headers.first { $0.name == "authorization" }?.value ?? ""
            guard bearer == "Bearer " + Self.reviewer || state.withLock({ $0.accounts["\(bearer.dropFirst(7))"] }) != nil else {
                return OutboundReply(status: 401)
            }
            if request.method == .post { return review(request) }
            return namespace(request)
        }
    }

    /// Answers every request in place of the cluster.
    func answer(_ answer: (@Sendable (OutboundRequest) -> OutboundReply?)?) { state.withLock { $0.status = answer } }

    func label(_ namespace: String, _ labels: [String: String]) { state.withLock { $0.labels[namespace] = labels } }
    func forget() { state.withLock { $0.accounts = [:] } }

    private func review(_ request: OutboundRequest) -> OutboundReply {
        guard request.url == Self.host + "/apis/authentication.k8s.io/v1/tokenreviews",
            let body = (try? JSON(parsing: request.body))?.objectValue, body["kind"] == "TokenReview",
            body["apiVersion"] == "authentication.k8s.io/v1", let sent = body["spec"]?.objectValue,
            let token = sent["token"]?.stringValue
        else { return OutboundReply(status: 400) }
        var status: JSONObject = ["authenticated": false, "error": "invalid bearer token"]
        let audiences = sent["audiences"]?.arrayValue?.compactMap(\.stringValue) ?? ["https://k8s.example"]
        if let account = state.withLock({ $0.accounts[token] }) {
            let both = account.audiences.filter(audiences.contains)
            if !both.isEmpty {
                status = [
                    "authenticated": true, "audiences": .strings(both),
                    "user": [
                        "username": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
                        "uid": .string(account.uid),
                        "groups": ["system:serviceaccounts", .string("system:serviceaccounts:\(account.namespace)")],
                    ],
                ]
            }
        }
        let answer: JSONObject = [
            "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "spec": .object(sent), "status": .object(status),
        ]
        return OutboundReply(status: 201, body: JSON.object(answer).encoded())
    }

    private func namespace(_ request: OutboundRequest) -> OutboundReply {
        let name = request.url.splitUTF8(at: "/").last.map(String.init) ?? ""
        guard let labels = state.withLock({ $0.labels[name] }) else { return OutboundReply(status: 404) }
        let answer: JSONObject = [
            "kind": "Namespace",
            "metadata": [
                "name": .string(name), "labels": .object(JSONObject(labels.map { .init(key: $0.key, value: .string($0.value)) })),
            ],
        ]
        return OutboundReply(status: 200, body: JSON.object(answer).encoded())
    }

    /// Makes a token of an account, as clusters project them, which the cluster then knows.
    func token(_ account: Account = Account(), isKnown: Bool = true, _ change: (inout JSONObject) -> Void = { _ in }) -> String {
        var claims: JSONObject = [
            "aud": .strings(account.audiences), "exp": 1_700_003_600, "iat": 1_700_000_000, "iss": "https://k8s.example",
            "kubernetes.io": [
                "namespace": .string(account.namespace), "pod": ["name": "web-1", "uid": "p-1"],
                "serviceaccount": ["name": .string(account.name), "uid": .string(account.uid)],
            ],
            "nbf": 1_700_000_000, "sub": .string("system:serviceaccount:\(account.namespace):\(account.name)"),
        ]
        change(&claims)
        return register(claims, isKnown ? account : nil)
    }

    /// Makes a legacy token, as secrets of accounts have them.
    func legacyToken(_ account: Account = Account()) -> String {
        return register(
            [
                "iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": .string(account.namespace),
                "kubernetes.io/serviceaccount/secret.name": "web-token-1",
                "kubernetes.io/serviceaccount/service-account.name": .string(account.name),
                "kubernetes.io/serviceaccount/service-account.uid": .string(account.uid),
            ], account)
    }

    /// Lets the cluster accept a token as that of an account, whatever it says.
    func accept(_ token: String, as account: Account = Account()) { state.withLock { $0.accounts[token] = account } }

    func register(_ claims: JSONObject, _ account: Account?) -> String {
        let header = Base64.encode(Array(#"{"alg":"RS256","kid":"k1"}"#.utf8), as: .url)
        let token = header + "." + Base64.encode(JSON.object(claims).encoded(), as: .url) + ".c2ln"
        if let account { state.withLock { $0.accounts[token] = account } }
        return token
    }

    /// A mount that is configured for the cluster, with a role `app`.
    func mount(_ fields: JSONObject = [:], configuration: JSONObject = [:], pod: String = "/nowhere") async throws -> AuthDriver {
        let driver = try AuthDriver(KubernetesMethod.description(outbound: outbound, podDirectory: pod))
        try await driver.send(
            .update, "config",
            JSONObject(
                [.init(key: "kubernetes_host", value: .string(Self.host))]
                    + (configuration.isEmpty ? [.init(key: "token_reviewer_jwt", value: .string(Self.reviewer))] : [])
                    + configuration.members))
        let usual: JSONObject = ["bound_service_account_names": ["web"], "bound_service_account_namespaces": ["prod"]]
        try await driver.send(
            .update, "role/app", JSONObject(usual.members.filter { fields[$0.key] == nil } + fields.members))
        return driver
    }
}

extension AuthMethodSubject {
    private static let cluster = KubernetesCluster()

    static let kubernetes = AuthMethodSubject(
        description: KubernetesMethod.description(outbound: cluster.outbound, podDirectory: "/nowhere"), account: "role/app",
        base: ["bound_service_account_names": ["web"], "bound_service_account_namespaces": ["prod"]],
        login: { driver in
            try await driver.send(
                .update, "config",
                [
                    "kubernetes_host": .string(KubernetesCluster.host),
                    "token_reviewer_jwt": .string(KubernetesCluster.reviewer),
                ])
            return ("login", ["role": "app", "jwt": .string(cluster.token())])
        },
        failures: { driver in
            try await driver.send(.update, "config", ["kubernetes_host": .string(KubernetesCluster.host)])
            let good = cluster.token()
            return [
                ("login", ["role": "canary-unknown", "jwt": .string(good)]), ("login", ["role": "app", "jwt": "canary"]),
                ("login", ["role": "app", "jwt": .string(cluster.token(.init(name: "canary")))]),
                ("login", ["role": "app", "jwt": .string(cluster.token(.init(namespace: "canary")))]),
                ("login", ["role": "app", "jwt": .string(cluster.token(isKnown: false) { $0["x"] = "canary" })]),
                ("login", ["role": "app", "jwt": .string(String(repeating: "x", count: 100_000))]),
            ]
        },
        displayName: "kubernetes-prod-web", secrets: [],
        another: ["bound_service_account_names": ["other"], "bound_service_account_namespaces": ["prod"]],
        hasFormerLogins: false, refusal: .permissionDenied)
}
