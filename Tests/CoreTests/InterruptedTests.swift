import Barrier
import Core
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

/// A store whose commits can be refused from a moment on, as when its database is lost.
private final class LosableStorage: Storage {
    let base = MemoryStorage()
    /// Commits that are still accepted; nil for all.
    let commitsLeft = Mutex<Int?>(nil)

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        let isRefused = commitsLeft.withLock { left in
            guard let count = left else { return false }
            guard count > 0 else { return true }
            left = count - 1
            return false
        }
        guard !isRefused else { throw .unavailable("the database was lost") }
        try await base.commit(batch)
    }
}

@Suite("Work that was interrupted")
struct InterruptedTests {
    private func family(_ harness: CoreHarness) async throws -> (parent: String, child: String, grandchild: String) {
        await harness.writePolicy(
            "maker", #"path "auth/token/*" { capabilities = ["create", "read", "update", "sudo"] }"#)
        let parent = try await harness.token(["maker"])
        func child(of token: String) async throws -> String {
            let made = await harness.ask(.update, "auth/token/create", ["policies": ["maker"]], token: token)
            return try #require(made.issued?.clientToken)
        }
        let middle = try await child(of: parent)
        return (parent, middle, try await child(of: middle))
    }

    private func works(_ harness: CoreHarness, _ token: String) async -> Bool {
        await harness.ask(.read, "auth/token/lookup-self", token: token).isSuccess
    }

    @Test("refuses all that descends from a token from the first step of its revocation on")
    func descendants() async throws {
        let storage = LosableStorage()
        let harness = try await CoreHarness.make(storage: storage)
        let (parent, child, grandchild) = try await family(harness)
        #expect(await works(harness, grandchild))
        // The step that takes the parent away is written, and nothing after it.
        storage.commitsLeft.withLock { $0 = 1 }
        let answer = await harness.ask(.update, "auth/token/revoke", ["token": .string(parent)])
        #expect(answer.code == .unavailable)
        for token in [parent, child, grandchild] { #expect(await !works(harness, token)) }
    }

    @Test("says that the outcome is unknown where something may have been changed, and only there")
    func wording() async throws {
        let storage = LosableStorage()
        let harness = try await CoreHarness.make(storage: storage)
        let (parent, _, _) = try await family(harness)
        storage.commitsLeft.withLock { $0 = 1 }
        let revoked = await harness.ask(.update, "auth/token/revoke", ["token": .string(parent)])
        #expect(revoked.error?.messages.first?.contains("is unknown") == true)
        #expect(revoked.error?.messages.first?.contains("nothing was changed") == false)
    }

    @Test("finishes a revocation that its request could not, without a restart or a new term")
    func finished() async throws {
        let storage = LosableStorage()
        let harness = try await CoreHarness.make(storage: storage)
        let before = try await storage.base.list(Listing(prefix: "sys/token/id/")).count
        let (parent, _, _) = try await family(harness)
        storage.commitsLeft.withLock { $0 = 1 }
        await harness.ask(.update, "auth/token/revoke", ["token": .string(parent)])
        storage.commitsLeft.withLock { $0 = nil }
        // At the first look it may be somebody's work under way.
        await harness.core.runJobs(round: 3)
        await harness.core.runJobs(round: 6)
        #expect(try await storage.base.list(Listing(prefix: "sys/token/id/")).count == before)
        #expect(try await storage.base.list(Listing(prefix: "sys/token/revoking/")).isEmpty)
        #expect(try await storage.base.list(Listing(prefix: "sys/token/child/", isRecursive: true)).count <= 1)
    }

    @Test("finishes taking a mount away that its request could not")
    func unmounted() async throws {
        let storage = LosableStorage()
        let harness = try await CoreHarness.make(storage: storage)
        #expect(await harness.ask(.update, "sys/mounts/more", ["type": "kv"]).isSuccess)
        #expect(await harness.ask(.update, "more/x", ["a": "b"]).isSuccess)
        storage.commitsLeft.withLock { $0 = 1 }
        #expect(await harness.ask(.delete, "sys/mounts/more").code == .unavailable)
        storage.commitsLeft.withLock { $0 = nil }
        #expect(try await storage.base.list(Listing(prefix: "sys/unmounting/")).count == 1)
        await harness.core.runJobs(round: 3)
        #expect(try await storage.base.list(Listing(prefix: "sys/unmounting/")).isEmpty)
    }

    @Test("a damaged record does not keep the rest of its family alive")
    func damaged() async throws {
        let storage = LosableStorage()
        let harness = try await CoreHarness.make(storage: storage)
        let (parent, child, grandchild) = try await family(harness)
        // The child's own record: the parent of the one that has no children.
        let pairs = try await storage.base.list(Listing(prefix: "sys/token/child/", isRecursive: true)).map { name in
            name.split(separator: "/").map(String.init)
        }
        let parents = Set(pairs.map { $0[0] })
        let middle = try #require(pairs.first { !parents.contains($0[1]) }?[0])
        var batch = Batch()
        let key = "sys/token/id/\(middle)"
        let record = try #require(try await storage.base.get(key))
        batch.put(key, Array(record.value.reversed()), version: record.version)
        try await storage.base.commit(batch)
        #expect(await harness.ask(.update, "auth/token/revoke", ["token": .string(parent)]).isSuccess)
        for token in [parent, child, grandchild] { #expect(await !works(harness, token)) }
        #expect(try await storage.base.get(key) == nil)
    }

    @Test("health says 503 while writes fail, and 200 when they succeed again")
    func healthOfTheStore() async throws {
        let storage = LosableStorage()
        let harness = try await CoreHarness.make(storage: storage)
        storage.commitsLeft.withLock { $0 = 0 }
        #expect(await harness.ask(.update, "secret/data/x", ["data": ["a": "b"]]).code == .unavailable)
        for round in 1...2 { await harness.core.runJobs(round: round) }
        let bad = await harness.ask(.read, "sys/health", token: nil)
        #expect(bad.response?.status == 503)
        #expect(bad.data?["unavailable"] == "storage")
        storage.commitsLeft.withLock { $0 = nil }
        await harness.core.runJobs(round: 4)
        #expect(await harness.ask(.read, "sys/health", token: nil).response?.status == 200)
    }

    @Test("a node opens by itself when another has made the store, and stays sealed when somebody sealed it")
    func opensByItself() async throws {
        let first = try await CoreHarness.make()
        let empty = MemoryStorage()
        let second = try first.beside(storage: empty, cluster: nil)
        try await second.core.start()
        #expect(await second.ask(.read, "secret/data/x").error?.messages.first?.contains("operator init") == true)
        await second.core.runJobs(round: 1)
        #expect(second.core.isSealed)
        // Another node makes the store.
        let other = try first.beside(storage: empty, cluster: nil, seed: 77)
        _ = try await other.core.initialize(
            shares: nil, recoveryShares: ShareCount(shares: 1, threshold: 1), rootToken: "root-token")
        await second.core.runJobs(round: 2)
        #expect(!second.core.isSealed)
        await second.core.close()
        await second.core.runJobs(round: 3)
        #expect(second.core.isSealed)
    }
}
