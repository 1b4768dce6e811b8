import Core
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

private final class LeadingCluster: Cluster {
    let term = Mutex<UInt64?>(nil)

    init(term: UInt64?) { self.term.withLock { $0 = term } }

    let mayServe = true
    var leadingTerm: UInt64? { term.withLock { $0 } }
    let nodes: [ClusterNode] = []
    func offerToLead(_ isOffered: Bool) {}
}

@Suite("Periodic jobs")
struct PeriodicJobTests {
    private func names(_ storage: any Storage, _ prefix: String) async throws -> Set<String> {
        Set(try await storage.list(Listing(prefix: prefix, limit: 1_000, isRecursive: true)))
    }

    @Test("a damaged token ends when it is due, and what its record left is removed")
    func damagedToken() async throws {
        let storage = MemoryStorage()
        let harness = try await CoreHarness.make(storage: storage)
        let before = try await names(storage, "sys/token/id/")
        _ = try await harness.token(["default"], ["ttl": "60s"])
        let id = try #require(try await names(storage, "sys/token/id/").subtracting(before).first)
        _ = try await harness.token(["default"], ["ttl": "90s"])
        var batch = Batch()
        let record = try #require(try await storage.get("sys/token/id/" + id))
        batch.put("sys/token/id/" + id, Array(record.value.reversed()), version: record.version)
        try await storage.commit(batch)
        harness.time.advance(seconds: 30)
        await harness.core.runJobs(round: 1)
        #expect(try await names(storage, "sys/token/id/").contains(id))
        harness.time.advance(seconds: 61)
        await harness.core.runJobs(round: 2)
        #expect(try await names(storage, "sys/token/id/") == before)
        #expect(try await names(storage, "sys/token/expiry/").isEmpty)
    }

    @Test("a job that fails does not keep the others from running")
    func independence() async throws {
        let storage = MemoryStorage()
        let harness = try await CoreHarness.make(storage: storage)
        let before = try await names(storage, "sys/token/id/")
        _ = try await harness.token(["default"], ["ttl": "60s"])
        // The configuration of the key's rotation, which is looked at each minute, cannot be read.
        var batch = Batch()
        batch.put("sys/rotation", [1, 2, 3], version: 1)
        try await storage.commit(batch)
        harness.time.advance(seconds: 61)
        await harness.core.runJobs(round: 60)
        #expect(try await names(storage, "sys/token/id/") == before)
    }

    @Test("a mount that another node takes away is left alone for a minute, and in a new term again")
    func removalElsewhere() async throws {
        let base = MemoryStorage()
        let storage = HookedStorage(base)
        let first = try await CoreHarness.make(storage: storage, cluster: LeadingCluster(term: nil))
        #expect(await first.ask(.update, "sys/mounts/more", ["type": "kv"]).isSuccess)
        #expect(await first.ask(.update, "more/x", ["a": "b"]).isSuccess)
        // The note is written, and the rest waits as for an engine that is taking back what it gave.
        storage.beforeCommit { keys throws(StorageError) in
            if !keys.contains("sys/mounts") { throw .unavailable("injected failure") }
        }
        #expect(await first.ask(.delete, "sys/mounts/more").code == .unavailable)

        let cluster = LeadingCluster(term: 5)
        let leader = try first.beside(storage: base, cluster: cluster)
        try await leader.core.start()
        for round in 1...30 { await leader.core.runJobs(round: round) }
        cluster.term.withLock { $0 = 6 }
        for round in 31...90 { await leader.core.runJobs(round: round) }
        #expect(try await names(base, "sys/unmounting/").count == 1)
        for round in 91...93 { await leader.core.runJobs(round: round) }
        #expect(try await names(base, "sys/unmounting/").isEmpty)
    }

    @Test("a node does not write its time over another's later one")
    func laterTimeOfAnother() async throws {
        let base = MemoryStorage()
        let storage = HookedStorage(base)
        let first = try await CoreHarness.make(storage: storage)
        let second = try first.beside(storage: base, cluster: nil, clock: first.time.now().adding(seconds: 10_000))
        try await second.core.start()
        first.time.advance(seconds: 3_600)
        // Between the first's reading and its writing.
        storage.beforeCommit { [weak storage] keys throws(StorageError) in
            guard keys.contains("sys/clock") else { return }
            storage?.beforeCommit(nil)
            await second.core.runJobs(round: 60)
        }
        await first.core.runJobs(round: 60)
        let third = try first.beside(storage: base, cluster: nil, clock: first.time.now().adding(seconds: -86_400))
        try await third.core.start()
        #expect(third.time.now() == second.time.now())
    }
}
