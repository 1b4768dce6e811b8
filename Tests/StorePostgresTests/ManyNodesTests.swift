import DatabaseClients
import EngineKit
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import StorePostgres

@Suite("Many nodes over one PostgreSQL store", .enabled(if: PostgresServer.isThere), .serialized)
struct ManyNodesTests {
    private func pair() async throws -> (settings: PostgresSettings, PostgresStorage, PostgresStorage) {
        let settings = try PostgresServer.settings()
        return (
            settings, try await PostgresServer.open(settings, name: "a"), try await PostgresServer.open(settings, name: "b")
        )
    }

    private func cache(_ storage: PostgresStorage) -> CachedStorage {
        let cached = CachedStorage(base: storage, bytesMax: 1 << 20)
        storage.onChange { change in cached.drop(change) }
        return cached
    }

    @Test("a commit answers when no other node has the old record in its cache any more")
    func coherence() async throws {
        let (_, a, b) = try await pair()
        let (cachedA, cachedB) = (cache(a), cache(b))
        for round in 0..<100 {
            let (writer, reader) = round % 2 == 0 ? (cachedA, cachedB) : (cachedB, cachedA)
            _ = try await reader.get("k")
            try await put(writer, "k", [UInt8(round)])
            #expect(try await reader.get("k")?.value == [UInt8(round)])
            #expect(try await writer.get("k")?.value == [UInt8(round)])
        }
        await a.close()
        await b.close()
    }

    @Test("increments of two nodes lose nothing")
    func increments() async throws {
        let (_, a, b) = try await pair()
        let nodes = [cache(a), cache(b)]
        try await put(nodes[0], "n", [0])
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    while true {
                        do {
                            let node = nodes[index % 2]
                            guard let old = try await node.get("n") else { continue }
                            var batch = Batch()
                            batch.put("n", [old.value[0] + 1], if: .version(old.version), version: old.version + 1)
                            try await node.commit(batch)
                            return
                        } catch StorageError.conflict {
                            continue
                        } catch {
                            Issue.record(error)
                            return
                        }
                    }
                }
            }
        }
        #expect(try await nodes[0].get("n")?.value == [40])
        #expect(try await nodes[1].get("n")?.value == [40])
        await a.close()
        await b.close()
    }

    @Test("a gap in the sequence, and a change of too many keys to name, empty everything")
    func gaps() async throws {
        let (settings, a, b) = try await pair()
        let changes = Mutex<[StorageChange]>([])
        b.onChange { change in changes.withLock { $0.append(change) } }
        try await put(a, "one", [1])
        #expect(changes.withLock { $0 } == [.keys(["one"])])
        // As if what happened in between had been trimmed.
        try PostgresServer.session().execute("UPDATE \"\(settings.table)_state\" SET last = last + 5000")
        try await put(a, "two", [1])
        #expect(changes.withLock { $0 }.last == .everything)
        var batch = Batch()
        for index in 0..<5_000 { batch.put("long/\(index)/" + String(repeating: "x", count: 100), []) }
        try await a.commit(batch)
        #expect(changes.withLock { $0 }.last == .everything)
        await a.close()
        await b.close()
    }

    @Test("a commit does not answer while a handler of another node is under way")
    func barrier() async throws {
        let (_, a, b) = try await pair()
        let isLetGo = Mutex(false)
        let wasHeld = Mutex(false)
        b.onChange { _ in
            wasHeld.withLock { $0 = true }
            while !isLetGo.withLock({ $0 }) { await aMoment() }
        }
        let isAnswered = Mutex(false)
        let commit = Task {
            try await put(a, "k", [1])
            isAnswered.withLock { $0 = true }
        }
        while !wasHeld.withLock({ $0 }) { await aMoment() }
        // It is written, and read past every cache; only the answer waits.
        #expect(try await b.get("k")?.value == [1])
        #expect(!isAnswered.withLock { $0 })
        isLetGo.withLock { $0 = true }
        try await commit.value
        await a.close()
        await b.close()
    }

    @Test("a node whose place was taken away writes nothing, and nobody waits for it")
    func fencing() async throws {
        let (settings, a, b) = try await pair()
        let incarnation = try #require(b.cluster.place?.incarnation)
        try PostgresServer.session().execute(
            "DELETE FROM \"\(settings.table)_nodes\" WHERE incarnation = $1", [incarnation])
        try await put(a, "k", [1])
        while b.cluster.place?.incarnation == incarnation {
            do {
                try await put(b, "k", [2], if: .absent)
                Issue.record("it wrote without a place")
            } catch StorageError.conflict {
                // It has a new place by now, and sees what was written.
                break
            } catch {
                #expect("\(error)".contains("lost its place"))
            }
        }
        await a.close()
        await b.close()
    }

    private func isRefused(_ storage: PostgresStorage, in term: UInt64) async -> Bool {
        do {
            try await LeaderTerm.$current.withValue(term) { try await put(storage, "k", [2]) }
            return false
        } catch {
            return true
        }
    }

    @Test("one leads, the other follows when it is gone, and the first one's term is refused")
    func leading() async throws {
        let (_, a, b) = try await pair()
        a.cluster.offerToLead(true)
        while a.cluster.leadingTerm == nil { await aMoment() }
        let term = try #require(a.cluster.leadingTerm)
        b.cluster.offerToLead(true)
        #expect(b.cluster.leadingTerm == nil)
        try await LeaderTerm.$current.withValue(term) { try await put(a, "k", [1]) }
        #expect(await isRefused(b, in: term))
        a.cluster.offerToLead(false)
        while b.cluster.leadingTerm == nil { await aMoment() }
        #expect(b.cluster.leadingTerm.map { $0 > term } == true)
        #expect(await isRefused(a, in: term))
        #expect(try await a.get("k")?.value == [1])
        #expect(Set(b.cluster.nodes.map(\.name)) == ["a", "b"])
        await a.close()
        await b.close()
    }

    @Test("a node that must be alone is refused beside another, and keeps others out")
    func alone() async throws {
        var settings = try PostgresServer.settings()
        let first = try await PostgresServer.open(settings)
        settings.allowsOthers = false
        #expect(try await PostgresServer.refusal(settings) == .notAlone)
        await first.close()
        let sole = try await PostgresServer.open(settings)
        settings.allowsOthers = true
        #expect(try await PostgresServer.refusal(settings) == .notAlone)
        await sole.close()
    }
}
