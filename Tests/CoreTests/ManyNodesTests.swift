import Barrier
import Core
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

/// A store that tells its other nodes what one of them commits, before the commit returns, as PostgreSQL's does.
private final class SharedStore: Sendable {
    typealias Handler = @Sendable (StorageChange) async throws -> Void

    let base = MemoryStorage()
    let handlers = Mutex<[Int: Handler]>([:])

    struct Node: Storage {
        let store: SharedStore
        let number: Int

        func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await store.base.get(key) }
        func list(_ listing: Listing) async throws(StorageError) -> [String] { try await store.base.list(listing) }

        func commit(_ batch: Batch) async throws(StorageError) {
            try await store.base.commit(batch)
            let others = store.handlers.withLock { $0.filter { $0.key != number }.map(\.value) }
            for other in others {
                do { try await other(.keys(batch.keys)) } catch { throw .unavailable("a node does not answer") }
            }
        }
    }
}

private final class TestCluster: Cluster {
    struct State {
        var mayServe = true
        var term: UInt64?
    }

    let state = Mutex(State())

    var mayServe: Bool { state.withLock { $0.mayServe } }
    var leadingTerm: UInt64? { state.withLock { $0.term } }
    let nodes: [ClusterNode] = []
    func offerToLead(_ isOffered: Bool) {}
}

@Suite("Many nodes over one store")
struct ManyNodesTests {
    private struct Pair {
        let a: CoreHarness
        let b: CoreHarness
        let clusterB: TestCluster
        let store: SharedStore
    }

    private func pair() async throws -> Pair {
        let store = SharedStore()
        let (clusterA, clusterB) = (TestCluster(), TestCluster())
        let cacheA = CachedStorage(base: SharedStore.Node(store: store, number: 0), bytesMax: 1 << 20)
        let cacheB = CachedStorage(base: SharedStore.Node(store: store, number: 1), bytesMax: 1 << 20)
        let a = try await CoreHarness.make(storage: cacheA, cluster: clusterA)
        let b = try a.beside(storage: cacheB, cluster: clusterB)
        store.handlers.withLock { handlers in
            handlers[0] = { change in
                cacheA.drop(change)
                try await a.core.drop(change)
            }
            handlers[1] = { change in
                cacheB.drop(change)
                try await b.core.drop(change)
            }
        }
        try await b.core.start()
        return Pair(a: a, b: b, clusterB: clusterB, store: store)
    }

    @Test("a token revoked on one node is refused on the other from its answer on")
    func revocation() async throws {
        let pair = try await pair()
        await pair.a.writePolicy("reader", #"path "secret/*" { capabilities = ["read"] }"#)
        for _ in 0..<10 {
            let token = try await pair.a.token(["reader"])
            #expect(await pair.b.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
            #expect(await pair.a.ask(.update, "auth/token/revoke", ["token": .string(token)]).isSuccess)
            #expect(await pair.b.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
        }
    }

    @Test("a login on the other node needs a second factor as soon as an enforcement says so, and no longer than that")
    func secondFactors() async throws {
        let pair = try await pair()
        await pair.a.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        await pair.a.ask(.update, "auth/userpass/users/ann", ["password": "a long password"])
        let method = await pair.a.ask(.update, "identity/mfa/method/totp", ["issuer": "Coffer"]).data?["method_id"] ?? .null
        func login() async -> CoreHarness.Answer {
            await pair.b.ask(.update, "auth/userpass/login/ann", ["password": "a long password"], token: nil)
        }
        for _ in 0..<3 {
            #expect(await login().issued != nil)
            let body: JSONObject = ["mfa_method_ids": [method], "auth_method_types": ["userpass"]]
            #expect(await pair.a.ask(.update, "identity/mfa/login-enforcement/all", body).isSuccess)
            #expect(await login().lacking != nil)
            #expect(await pair.a.ask(.delete, "identity/mfa/login-enforcement/all").isSuccess)
        }
    }

    @Test("a policy rules on the other node as soon as it is written")
    func policies() async throws {
        let pair = try await pair()
        await pair.a.writePolicy("p", #"path "secret/*" { capabilities = ["read", "list"] }"#)
        let token = try await pair.a.token(["p"])
        await pair.a.ask(.update, "secret/data/x", ["data": ["a": "b"]])
        #expect(await pair.b.ask(.read, "secret/data/x", token: token).isSuccess)
        await pair.a.writePolicy("p", #"path "secret/*" { capabilities = ["deny"] }"#)
        #expect(await pair.b.ask(.read, "secret/data/x", token: token).code == .permissionDenied)
        await pair.b.writePolicy("p", #"path "secret/*" { capabilities = ["read"] }"#)
        #expect(await pair.a.ask(.read, "secret/data/x", token: token).isSuccess)
    }

    @Test("secrets, mounts, quotas and identities of one node are those of the other")
    func everythingElse() async throws {
        let pair = try await pair()
        await pair.a.ask(.update, "secret/data/x", ["data": ["a": "1"]])
        #expect(await pair.b.ask(.read, "secret/data/x").data?["data"]?["a"] == "1")
        await pair.b.ask(.update, "secret/data/x", ["data": ["a": "2"]])
        #expect(await pair.a.ask(.read, "secret/data/x").data?["data"]?["a"] == "2")

        #expect(await pair.a.ask(.update, "sys/mounts/more", ["type": "kv"]).isSuccess)
        #expect(await pair.b.ask(.update, "more/x", ["a": "b"]).isSuccess)
        #expect(await pair.b.ask(.delete, "sys/mounts/more").isSuccess)
        #expect(await pair.a.ask(.read, "more/x").code == .notFound)

        #expect(await pair.a.ask(.update, "sys/quotas/rate-limit/q", ["path": "secret/", "rate": 1]).isSuccess)
        #expect(await pair.b.ask(.read, "sys/quotas/rate-limit/q").isSuccess)
        #expect(await pair.b.ask(.read, "secret/data/x").isSuccess)
        #expect(await pair.b.ask(.read, "secret/data/x").code == .rateLimited)
        #expect(await pair.a.ask(.delete, "sys/quotas/rate-limit/q").isSuccess)
        #expect(await pair.b.ask(.read, "secret/data/x").isSuccess)
    }

    @Test("a rotated keyring is open on the other node before the rotation answers")
    func rotation() async throws {
        let pair = try await pair()
        #expect(await pair.a.ask(.update, "sys/rotate").isSuccess)
        await pair.a.ask(.update, "secret/data/x", ["data": ["a": "new term"]])
        #expect(await pair.b.ask(.read, "secret/data/x").data?["data"]?["a"] == "new term")
        #expect(await pair.b.ask(.read, "sys/key-status").data?["term"]?.intValue == 2)
    }

    @Test("a gap drops everything that is cached, and nothing is lost by it")
    func gap() async throws {
        let pair = try await pair()
        await pair.a.writePolicy("p", #"path "secret/*" { capabilities = ["read"] }"#)
        let token = try await pair.a.token(["p"])
        #expect(await pair.b.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        // The other node misses what comes now.
        let handler = pair.store.handlers.withLock { $0.removeValue(forKey: 1) }
        #expect(await pair.a.ask(.update, "auth/token/revoke", ["token": .string(token)]).isSuccess)
        #expect(await pair.a.ask(.update, "sys/mounts/more", ["type": "kv"]).isSuccess)
        #expect(await pair.b.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        try await handler?(.everything)
        #expect(await pair.b.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
        #expect(await pair.b.ask(.update, "more/x", ["a": "b"]).isSuccess)
        #expect(await pair.b.ask(.update, "secret/data/y", ["data": ["a": "b"]]).isSuccess)
    }

    @Test("a node that is cut off answers nothing but how it is")
    func cutOff() async throws {
        let pair = try await pair()
        pair.clusterB.state.withLock { $0.mayServe = false }
        #expect(await pair.b.ask(.read, "secret/data/x").code == .unavailable)
        #expect(await pair.b.ask(.read, "sys/health").response?.status == 503)
        pair.clusterB.state.withLock { $0.mayServe = true }
        #expect(await pair.b.ask(.read, "sys/health").response?.status == 200)
    }

    @Test("only the node that leads lets tokens end")
    func leading() async throws {
        let pair = try await pair()
        let token = try await pair.a.token(["default"], ["ttl": "1h"])
        pair.b.time.advance(seconds: 7_200)
        let records = { try await pair.store.base.list(Listing(prefix: "sys/token/id/")).count }
        let before = try await records()
        await pair.b.core.runJobs(round: 1)
        #expect(try await records() == before)
        pair.clusterB.state.withLock { $0.term = 3 }
        await pair.b.core.runJobs(round: 1)
        #expect(try await records() == before - 1)
        #expect(await pair.b.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }
}
