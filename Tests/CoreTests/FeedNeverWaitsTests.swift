import Barrier
import Core
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

private final class LoneCluster: Cluster {
    let mayServe = true
    let leadingTerm: UInt64? = 1
    let nodes: [ClusterNode] = []
    func offerToLead(_ isOffered: Bool) {}
}

/// Every commit of a node is answered when the other nodes have heard of it, and they hear of it by their change feeds. So
/// what the feed calls must never wait for anything that is held over a commit: two nodes would wait for each other.
@Suite("What the change feed calls waits for no commit", .timeLimit(.minutes(10)))
struct FeedNeverWaitsTests {
    typealias Work = @Sendable (CoreHarness) async -> Void

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var work: Work
        var testDescription: String { name }

        static func write(_ path: String, _ body: JSONObject = [:]) -> Case {
            Case(name: path) { await $0.ask(.update, path, body) }
        }

        static func delete(_ path: String) -> Case { Case(name: "delete \(path)") { await $0.ask(.delete, path) } }
    }

    static let cases: [Case] =
        [
            .write("sys/rotate"),
            Case(name: "the job that stores the count of encryptions") { await $0.core.runJobs(round: 60) },
            Case(name: "sealing") { await $0.core.close() },
            Case(name: "re-sealing") { _ = try? await $0.core.seal.reseal() },
            .write("sys/mounts/more", ["type": "kv"]), .write("sys/mounts/secret/tune", ["description": "x"]),
            .delete("sys/mounts/secret"), .write("sys/remount", ["from": "secret", "to": "moved"]),
            .write("sys/auth/more", ["type": "approle"]),
            .write("sys/policies/acl/p", ["policy": #"path "x" { capabilities = ["read"] }"#]),
            .write("sys/policies/password/p", ["policy": #"length = 20 rule "charset" { charset = "abcdefghij" }"#]),
            .write("sys/quotas/rate-limit/q", ["rate": 1_000]), .write("sys/quotas/config", ["rate_limit_exempt_paths": ["x"]]),
            .write("sys/config/auditing/request-headers/x-a", ["hmac": true]),
            .write("auth/token/create", ["policies": ["default"]]), .write("auth/token/roles/r", ["orphan": true]),
            .write("identity/entity", ["name": "e"]), .write("identity/group", ["name": "g"]),
            .write("secret/data/x", ["data": ["a": "b"]]), .write("secret/config", ["max_versions": 3]),
        ]

    @Test("while a commit waits for the other nodes, what they changed is dropped all the same", arguments: cases)
    func drops(_ work: Case) async throws {
        let storage = HeldStorage()
        let harness = try await CoreHarness.make(storage: storage, cluster: LoneCluster())
        await harness.ask(.update, "secret/data/y", ["data": ["a": "b"]])
        let keys = try await storage.list(Listing(prefix: "", limit: 1_000, isRecursive: true))
        storage.hold()
        let isDone = Mutex(false)
        let task = Task {
            await work.work(harness)
            isDone.withLock { $0 = true }
        }
        for _ in 0..<20_000 where storage.heldCount == 0 && !isDone.withLock({ $0 }) {
            try await Task.sleep(for: .milliseconds(1))
        }
        try #require(storage.heldCount > 0, "the work commits nothing")
        // Would not return before the commit did, where it waited for what that holds; then the limit ends the test.
        try await harness.core.drop(.keys(keys))
        try await harness.core.drop(.everything)
        #expect(!isDone.withLock { $0 })
        storage.letGo()
        await task.value
    }
}
