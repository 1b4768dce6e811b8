import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Damaged records")
struct DamagedRecordTests {
    private func damage(_ storage: any Storage, _ key: String) async throws {
        let record = try #require(try await storage.get(key))
        var batch = Batch()
        batch.put(key, Array(record.value.reversed()), version: record.version)
        try await storage.commit(batch)
    }

    @Test("the damaged note of a mount's removal keeps no server from opening, and its records go")
    func note() async throws {
        let base = MemoryStorage()
        let storage = HookedStorage(base)
        let harness = try await CoreHarness.make(storage: storage)
        #expect(await harness.ask(.update, "sys/mounts/more", ["type": "kv"]).isSuccess)
        #expect(await harness.ask(.update, "more/x", ["a": "b"]).isSuccess)
        storage.beforeCommit { keys throws(StorageError) in
            if !keys.contains("sys/mounts") { throw .unavailable("injected failure") }
        }
        #expect(await harness.ask(.delete, "sys/mounts/more").code == .unavailable)
        storage.beforeCommit(nil)
        let uuid = try #require(try await base.list(Listing(prefix: "sys/unmounting/")).first)
        #expect(try await !base.list(Listing(prefix: "mount/\(uuid)/", isRecursive: true)).isEmpty)
        try await damage(base, "sys/unmounting/\(uuid)")

        let again = try await harness.restarted()
        #expect(!again.core.isSealed)
        #expect(await again.ask(.read, "sys/mounts").isSuccess)
        #expect(try await base.list(Listing(prefix: "sys/unmounting/")).isEmpty)
        #expect(try await base.list(Listing(prefix: "mount/\(uuid)/", isRecursive: true)).isEmpty)
    }

    @Test("a damaged note never takes the records of a mount that is there")
    func noteOfALiveMount() async throws {
        let base = MemoryStorage()
        let harness = try await CoreHarness.make(storage: base)
        #expect(await harness.ask(.update, "sys/mounts/more", ["type": "kv"]).isSuccess)
        #expect(await harness.ask(.update, "more/x", ["a": "b"]).isSuccess)
        let uuid = try #require(await harness.ask(.read, "sys/mounts").data?["more/"]?["uuid"]?.stringValue)
        var batch = Batch()
        batch.put("sys/unmounting/\(uuid)", [1, 2, 3], version: 1)
        try await base.commit(batch)

        let again = try await harness.restarted()
        #expect(await again.ask(.read, "more/x").data?["a"] == "b")
        await again.core.runJobs(round: 3)
        #expect(await again.ask(.read, "more/x").data?["a"] == "b")
    }

    @Test("a damaged quota, list of audited headers or cluster id keeps no server from opening")
    func tables() async throws {
        let base = MemoryStorage()
        let harness = try await CoreHarness.make(storage: base)
        for (name, path) in [("bad", ""), ("good", "secret/")] {
            let answer = await harness.ask(.update, "sys/quotas/rate-limit/\(name)", ["rate": 1_000, "path": .string(path)])
            #expect(answer.isSuccess)
        }
        #expect(await harness.ask(.update, "sys/config/auditing/request-headers/x-a").isSuccess)
        for key in ["sys/quota/rate-limit/bad", "sys/audit-headers", "sys/cluster"] { try await damage(base, key) }

        let again = try await harness.restarted()
        #expect(!again.core.isSealed)
        #expect(await again.ask(.read, "sys/quotas/rate-limit/good").isSuccess)
        let health = await again.ask(.read, "sys/health", token: nil).data
        #expect(health?["degraded"] == "rate_limits")
        #expect(health?["degraded_reason"]?.stringValue?.contains("audited headers") == true)
        // Written again, they are as good as new.
        #expect(await again.ask(.update, "sys/quotas/rate-limit/bad", ["rate": 1_000]).isSuccess)
        #expect(await again.ask(.read, "sys/quotas/rate-limit/bad").isSuccess)
        #expect(await again.ask(.read, "sys/health", token: nil).data?["degraded"] == "audit_headers")
        #expect(await again.ask(.update, "sys/config/auditing/request-headers/x-a").isSuccess)
        #expect(await again.ask(.read, "sys/health", token: nil).data?["degraded"] == nil)
    }

    @Test("a quota whose record is damaged can be deleted, and then nothing is degraded")
    func deletedQuota() async throws {
        let base = MemoryStorage()
        let harness = try await CoreHarness.make(storage: base)
        #expect(await harness.ask(.update, "sys/quotas/rate-limit/bad", ["rate": 1_000]).isSuccess)
        try await damage(base, "sys/quota/rate-limit/bad")
        let again = try await harness.restarted()
        #expect(await again.ask(.read, "sys/health", token: nil).data?["degraded"] == "rate_limits")
        #expect(await again.ask(.delete, "sys/quotas/rate-limit/bad").isSuccess)
        #expect(await again.ask(.read, "sys/health", token: nil).data?["degraded"] == nil)
        #expect(try await base.list(Listing(prefix: "sys/quota/rate-limit/")).isEmpty)
    }

    @Test("the accessor of a token whose record was damaged goes with a tidy, and the others stay")
    func accessor() async throws {
        let base = MemoryStorage()
        let harness = try await CoreHarness.make(storage: base)
        let before = Set(try await base.list(Listing(prefix: "sys/token/id/")))
        let made = await harness.ask(.update, "auth/token/create", ["policies": ["default"]])
        let token = try #require(made.issued?.clientToken)
        let id = try #require(try await base.list(Listing(prefix: "sys/token/id/")).first { !before.contains($0) })
        try await damage(base, "sys/token/id/\(id)")
        #expect(await harness.ask(.update, "auth/token/revoke", ["token": .string(token)]).isSuccess)
        #expect(try await base.get("sys/token/id/\(id)") == nil)
        #expect(try await base.list(Listing(prefix: "sys/token/accessor/")).count == before.count + 1)

        #expect(await harness.ask(.update, "auth/token/tidy").isSuccess)
        // In the background.
        for _ in 0..<1_000_000 {
            if try await base.list(Listing(prefix: "sys/token/accessor/")).count == before.count { break }
            await Task.yield()
        }
        #expect(try await base.list(Listing(prefix: "sys/token/accessor/")).count == before.count)
        #expect(await harness.ask(.list, "auth/token/accessors").isSuccess)
    }

    @Test("a damaged accessor hides no other")
    func accessors() async throws {
        let base = MemoryStorage()
        let harness = try await CoreHarness.make(storage: base)
        _ = try await harness.token(["default"])
        let names = try await base.list(Listing(prefix: "sys/token/accessor/"))
        try await damage(base, "sys/token/accessor/\(names[0])")
        let answer = await harness.ask(.list, "auth/token/accessors")
        #expect(answer.data?["keys"]?.arrayValue?.count == names.count - 1)
    }

    @Test("a token whose record was damaged, or a child's, is revoked without its children too")
    func orphans() async throws {
        let base = MemoryStorage()
        let harness = try await CoreHarness.make(storage: base)
        let parent = try await harness.token(["default", "root"])
        let before = Set(try await base.list(Listing(prefix: "sys/token/id/")))
        let made = await harness.ask(.update, "auth/token/create", ["policies": ["default"]], token: parent)
        let bad = try #require(made.issued?.clientToken)
        let id = try #require(try await base.list(Listing(prefix: "sys/token/id/")).first { !before.contains($0) })
        let good = await harness.ask(.update, "auth/token/create", ["policies": ["default"]], token: parent)
        let token = try #require(good.issued?.clientToken)
        try await damage(base, "sys/token/id/\(id)")

        let again = try await harness.restarted()
        #expect(await again.ask(.update, "auth/token/revoke-orphan", ["token": .string(parent)]).isSuccess)
        #expect(await again.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        #expect(await again.ask(.read, "auth/token/lookup-self", token: parent).code == .permissionDenied)
        #expect(await again.ask(.update, "auth/token/revoke-orphan", ["token": .string(bad)]).isSuccess)
        #expect(try await base.get("sys/token/id/\(id)") == nil)
    }
}
