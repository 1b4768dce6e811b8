import EngineKit
import Synchronization
import TestSupport
import Testing

@testable import Barrier

/// Does what a test says in the middle of one call of its own.
private final class InterruptedStorage: Storage {
    enum Moment: Hashable { case beforeWriting, afterWriting, beforeReading(String) }
    typealias Body = @Sendable () async -> Void

    private let base = MemoryStorage()
    private let bodies = Mutex<[Moment: Body]>([:])

    /// Once, at the next such moment.
    func at(_ moment: Moment, _ body: @escaping Body) { bodies.withLock { $0[moment] = body } }

    var isDone: Bool { bodies.withLock { $0.isEmpty } }

    private func reached(_ moment: Moment) async { await bodies.withLock { $0.removeValue(forKey: moment) }?() }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        await reached(.beforeReading(key))
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        await reached(.beforeWriting)
        try await base.commit(batch)
        await reached(.afterWriting)
    }
}

@Suite("Keys that are read while this node replaces them", .timeLimit(.minutes(10)))
struct ReloadRaceTests {
    private struct Node: Sendable {
        let storage: InterruptedStorage
        let barrier: Barrier
        let controller: SealController
        var share = ""

        init(_ storage: InterruptedStorage, seed: UInt64) {
            let (time, randomness) = (ManualTime(), SeededRandomness(seed: seed))
            self.storage = storage
            barrier = Barrier(base: storage, randomness: randomness, time: time)
            controller = SealController(
                barrier: barrier, base: storage, seal: ShamirSeal(), randomness: randomness, time: time)
        }

        func rekey() async throws {
            let attempt = try await controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1))
            _ = try await controller.updateRekey(.unsealKey, share: share, nonce: attempt.nonce)
        }

        func put(_ key: String) async throws {
            var batch = Batch()
            batch.put(key, Array(key.utf8))
            try await barrier.commit(batch)
        }
    }

    private func opened(_ storage: InterruptedStorage) async throws -> Node {
        var node = Node(storage, seed: 5)
        let made = try await node.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        node.share = made.unsealShares[0].hex
        try await node.controller.unseal(share: node.share)
        return node
    }

    @Test("leave the new root key in use, read before a rekey is written or after", arguments: [true, false])
    func rekey(isBefore: Bool) async throws {
        let node = try await opened(InterruptedStorage())
        try await node.put("mount/a")
        node.storage.at(isBefore ? .beforeWriting : .afterWriting) { try? await node.controller.reloadKeyring() }
        try await node.rekey()
        #expect(node.storage.isDone)
        // By the root key that is in use.
        try await node.controller.reloadKeyring()
        _ = try await node.controller.rotate()
        #expect(try await node.barrier.get("mount/a") != nil)
    }

    @Test("leave the new term in use, read before a rotation is written or after", arguments: [true, false])
    func rotation(isBefore: Bool) async throws {
        let node = try await opened(InterruptedStorage())
        node.storage.at(isBefore ? .beforeWriting : .afterWriting) { try? await node.controller.reloadKeyring() }
        let told = try await node.controller.rotate()
        #expect(node.storage.isDone)
        #expect(told.term == 2)
        #expect(try node.controller.keyStatus().term == 2)
    }

    @Test("are read again when a rekey is written between the seal and the keyring")
    func rekeyBetween() async throws {
        let node = try await opened(InterruptedStorage())
        let failure = Mutex<(any Error)?>(nil)
        node.storage.at(.beforeReading(CoreKey.keyring)) {
            do { try await node.rekey() } catch { failure.withLock { $0 = error } }
        }
        try await node.controller.reloadKeyring()
        #expect(node.storage.isDone)
        #expect(failure.withLock { $0 } == nil)
        _ = try await node.controller.rotate()
    }

    @Test("stay, where another node has replaced what this one wrote before its answer")
    func overtaken() async throws {
        let storage = InterruptedStorage()
        let a = try await opened(storage)
        let b = Node(storage, seed: 6)
        try await b.controller.unseal(share: a.share)
        storage.at(.afterWriting) {
            try? await b.controller.reloadKeyring()
            _ = try? await b.controller.rotate()
            try? await a.controller.reloadKeyring()
        }
        #expect(try await a.controller.rotate().term == 2)
        #expect(try a.controller.keyStatus().term == 3)
        try await b.put("mount/b")
        #expect(try await a.barrier.get("mount/b") != nil)
    }
}
