import AuthMethods
import EngineKit
import Logging
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("Kubernetes: whom it trusts")
struct KubernetesTrustTests {
    private let cluster = KubernetesCluster()

    @Test(
        "a role for every account needs a selector that asks for a label",
        arguments: [
            (#"{"matchExpressions":[{"key":"x","operator":"DoesNotExist"}]}"#, false),
            (#"{"matchExpressions":[{"key":"x","operator":"NotIn","values":["y"]}]}"#, false),
            (#"{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"Exists"}]}"#, false),
            (#"{"matchExpressions":[{"key":"x","operator":"Exists"}]}"#, true),
            (#"{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"x","operator":"DoesNotExist"}]}"#, true),
        ])
    func selectors(selector: String, isAllowed: Bool) async throws {
        let driver = try await cluster.mount()
        var fields: JSONObject = [
            "bound_service_account_names": ["*"], "bound_service_account_namespace_selector": .string(selector),
        ]
        #expect(await driver.refusal(.update, "role/every", fields)?.code == (isAllowed ? nil : .invalidRequest))
        fields["bound_service_account_names"] = ["web"]
        #expect(await driver.refusal(.update, "role/one", fields) == nil)
    }

    @Test("a token that is none is not sent to the cluster", arguments: ["\r\nX: y", "\n", " ", "=", "\u{E9}", "/"])
    func shape(ending: String) async throws {
        let driver = try await cluster.mount()
        let refusal = await driver.refusal(.update, "login", ["role": "app", "jwt": .string(cluster.token() + ending)])
        #expect(refusal?.code == .permissionDenied && cluster.outbound.requests.isEmpty)
    }

    @Test("a mount without a configuration is the caller's mistake, and writes no log")
    func unconfigured() async throws {
        let log = CollectedLog(from: .info)
        let driver = try AuthDriver(
            KubernetesMethod.description(outbound: cluster.outbound, podDirectory: "/nowhere"), logger: log.logger)
        let refusal = await driver.refusal(.update, "login", ["role": "app", "jwt": "a.b.c"])
        #expect(refusal?.code == .invalidRequest && refusal?.message == "could not load backend configuration")
        #expect(log.lines.isEmpty)
    }

    @Test("refused logins fill no log, and a cluster that refuses the reviewer is named once a minute")
    func log() async throws {
        let log = CollectedLog(from: .info)
        let mount = try await cluster.mount()
        let driver = try AuthDriver(
            KubernetesMethod.description(outbound: cluster.outbound, podDirectory: "/nowhere"), storage: mount.storage,
            logger: log.logger)
        for _ in 0..<3 { _ = await driver.refusal(.update, "login", ["role": "app", "jwt": "a.b.c"]) }
        #expect(log.lines.isEmpty)
        cluster.answer { _ in OutboundReply(status: 401) }
        let token = cluster.token()
        for _ in 0..<3 { _ = await driver.refusal(.update, "login", ["role": "app", "jwt": .string(token)]) }
        #expect(log.wholeLines.count == 1 && log.wholeLines[0].contains("status 401"))
    }

    @Test("labels are read beside large annotations")
    func largeNamespace() async throws {
        let driver = try await cluster.mount([
            "bound_service_account_namespaces": ["other"],
            "bound_service_account_namespace_selector": #"{"matchLabels":{"a":"b"}}"#,
        ])
        _ = await driver.refusal(.update, "login", ["role": "app", "jwt": .string(cluster.token())])
        #expect(cluster.outbound.requests.count == 2)
        #expect(cluster.outbound.requests.allSatisfy { $0.target?.answerBytesMax == 1 << 20 })
    }
}
