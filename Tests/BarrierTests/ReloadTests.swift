import EngineKit
import Synchronization
import TestSupport
import Testing

@testable import Barrier

@Suite("Keys that another node changed", .timeLimit(.minutes(10)))
struct ReloadTests {
    private struct Node {
        let barrier: Barrier
        let controller: SealController
    }

    private let time = ManualTime()
    private let randomness = SeededRandomness(seed: 5)

    private func node(_ storage: any Storage) -> Node {
        let barrier = Barrier(base: storage, randomness: randomness, time: time)
        return Node(
            barrier: barrier,
            controller: SealController(barrier: barrier, base: storage, seal: ShamirSeal(), randomness: randomness, time: time))
    }

    private func opened(_ storage: any Storage) async throws -> (Node, share: String) {
        let node = node(storage)
        let made = try await node.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        let share = made.unsealShares[0].hex
        try await node.controller.unseal(share: share)
        return (node, share)
    }

    private func put(_ barrier: Barrier, _ key: String) async throws {
        var batch = Batch()
        batch.put(key, Array(key.utf8))
        try await barrier.commit(batch)
    }

    enum Writing: CaseIterable { case rotation, usage, sealing, rekey }

    private func write(_ writing: Writing, _ node: Node, share: String) async throws {
        switch writing {
        case .rotation: _ = try await node.controller.rotate()
        case .usage: try await node.controller.storeUsage()
        case .sealing: await node.controller.seal()
        case .rekey:
            let attempt = try await node.controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1))
            _ = try await node.controller.updateRekey(.unsealKey, share: share, nonce: attempt.nonce)
        }
    }

    @Test("are read while this node's own change waits for its answer", arguments: Writing.allCases)
    func neverWaits(_ writing: Writing) async throws {
        let storage = HeldStorage()
        let (node, share) = try await opened(storage)
        try await put(node.barrier, "mount/a")
        storage.hold()
        let task = Task { try await write(writing, node, share: share) }
        for _ in 0..<20_000 where storage.heldCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
        try #require(storage.heldCount > 0, "nothing was committed")
        do {
            try await node.controller.reloadKeyring()
        } catch SealError.sealed {
            #expect(writing == .sealing)
        }
        storage.letGo()
        try await task.value
        guard writing != .sealing else { return }
        // What was read meanwhile and what was written are the same keys.
        #expect(try await node.barrier.get("mount/a")?.value == Array("mount/a".utf8))
        try await put(node.barrier, "mount/b")
        _ = try await node.controller.rotate()
    }

    @Test("are read when a record of theirs is faster than the news of them")
    func overtakes() async throws {
        let storage = MemoryStorage()
        let (a, share) = try await opened(storage)
        let b = node(storage)
        try await b.controller.unseal(share: share)
        _ = try await a.controller.rotate()
        try await put(a.barrier, "mount/a")
        #expect(try await b.barrier.get("mount/a")?.value == Array("mount/a".utf8))
        #expect(try b.controller.keyStatus().term == 2)
    }

    @Test("never take the place of newer ones, whoever reads or writes first")
    func races() async throws {
        let storage = MemoryStorage()
        let (a, share) = try await opened(storage)
        let b = node(storage)
        try await b.controller.unseal(share: share)
        for _ in 0..<100 {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await a.controller.rotate() }
                group.addTask { _ = try? await b.controller.rotate() }
                for node in [a, b] { group.addTask { try? await node.controller.reloadKeyring() } }
            }
        }
        for node in [a, b] { try await node.controller.reloadKeyring() }
        let terms = try [a, b].map { try $0.controller.keyStatus().term }
        #expect(terms[0] == terms[1] && terms[0] > 100)
        try await put(a.barrier, "mount/x")
        #expect(try await b.barrier.get("mount/x") != nil)
    }

    @Test("keep the counts of both nodes")
    func usage() async throws {
        let storage = MemoryStorage()
        let (a, share) = try await opened(storage)
        let b = node(storage)
        try await b.controller.unseal(share: share)
        let before = try a.controller.keyStatus().encryptions
        for index in 0..<10 { try await put(a.barrier, "mount/a\(index)") }
        for index in 0..<20 { try await put(b.barrier, "mount/b\(index)") }
        try await b.controller.storeUsage()
        try await a.controller.reloadKeyring()
        try await a.controller.storeUsage()
        #expect(try a.controller.keyStatus().encryptions == before + 30)
    }

    @Test("are read past the cache when a record comes before the news of them")
    func cached() async throws {
        let storage = MemoryStorage()
        let (first, share) = try await opened(storage)
        // Above a cache of its own, which nobody tells of the other's changes.
        let second = node(CachedStorage(base: storage, bytesMax: 1 << 20))
        try await second.controller.unseal(share: share)
        for key in ["mount/a", "mount/b"] {
            _ = try await first.controller.rotate()
            try await put(first.barrier, key)
            #expect(try await second.barrier.get(key)?.value == Array(key.utf8))
        }
    }
}
