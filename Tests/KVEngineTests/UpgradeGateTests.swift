import EngineKit
import Syntax
import TestSupport
import Testing

@testable import KVEngine

@Suite("KV: requests during an upgrade")
struct UpgradeGateTests {
    private func filled(_ storage: any Storage) async throws {
        let kv = try KVDriver(KVEngine.description, options: ["version": "1"], storage: storage)
        try await kv.send(.update, "a", #"{"n":1}"#)
    }

    private func gate(_ storage: any Storage, secondsMax: Int = 3_600) -> UpgradeGate {
        UpgradeGate(VersionedSecrets(storage: storage, time: ManualTime()), secondsMax: secondsMax)
    }

    @Test("a run that failed before anybody waited for it is told of all the same")
    func failedBefore() async throws {
        let storage = StampingStorage(MemoryStorage())
        try await filled(storage)
        let gate = gate(UnwritableStorage(base: storage))
        await gate.run(try #require(gate.start()))
        guard case .failed(let error) = await gate.end() else { return #expect(Bool(false), "the failure was forgotten") }
        #expect(error is StorageError)
    }

    @Test("a later run forgets the failure of an earlier one")
    func forgotten() async throws {
        let storage = StampingStorage(MemoryStorage())
        try await filled(storage)
        let failing = UnwritableStorage(base: storage)
        let gate = gate(failing)
        await gate.run(try #require(gate.start()))
        let second = try #require(gate.start())
        #expect(gate.start() == nil)
        await gate.run(second)
        guard case .failed = await gate.end() else { return #expect(Bool(false), "the second failed as well") }
        let other = self.gate(storage)
        await other.run(try #require(other.start()))
        guard case .ended = await other.end() else { return #expect(Bool(false), "nothing failed") }
        try await gate.pass()
    }

    @Test("so many may wait; the others are told to come again at once", .timeLimit(.minutes(10)))
    func bounded() async throws {
        let base = StampingStorage(MemoryStorage())
        try await filled(base)
        let storage = InterposedStorage(base)
        let (held, release) = AsyncStream<Void>.makeStream()
        storage.before(nil) { for await _ in held {} }
        let gate = gate(storage)
        gate.begin()
        let extra = 3
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<UpgradeGate.waitingMax + extra {
                group.addTask {
                    do { try await gate.pass() } catch { return false }; return true
                }
            }
            // These come back while the run is still held.
            for _ in 0..<extra { #expect(await group.next() == false) }
            release.finish()
            for await passed in group { #expect(passed) }
        }
    }

    @Test("once the time of a run is up, everybody who comes during it is told to come again", .timeLimit(.minutes(10)))
    func timeIsUp() async throws {
        let base = StampingStorage(MemoryStorage())
        try await filled(base)
        let storage = InterposedStorage(base)
        let (held, release) = AsyncStream<Void>.makeStream()
        storage.before(nil) { for await _ in held {} }
        let gate = gate(storage, secondsMax: 0)
        let number = try #require(gate.start())
        let run = Task { await gate.run(number) }
        for _ in 0..<3 { await #expect(throws: CofferError.self) { try await gate.pass() } }
        release.finish()
        await run.value
        guard case .ended = await gate.end() else { return #expect(Bool(false), "the run has ended") }
        try await gate.pass()
    }
}

/// Refuses every commit.
private struct UnwritableStorage: Storage {
    let base: any Storage

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }
    func commit(_ batch: Batch) async throws(StorageError) { throw .unavailable("the disk is full") }
}
