import Barrier
import EngineKit
import TestSupport
import Testing

@Suite("The barrier and the records of owners") struct BarrierOwnerTests {
    private let key = "mount/4f0c/owned/alice/x"

    @Test func `a key of an owner is neither read nor written nor listed without the scope`() async throws {
        let (bench, _) = try await Bench.open()
        try await OwnerScope.owner("alice").run { () async throws in try await bench.put(key, "value") }
        let own = try await OwnerScope.owner("alice").run { () async throws in try await bench.read(key) }
        #expect(own == "value")
        for scope in [OwnerScope.owner("bob"), nil] {
            try await OwnerScope.$current.withValue(scope) { () async throws in
                await #expect(throws: StorageError.foreignOwner(key: key)) { try await bench.read(key) }
                await #expect(throws: StorageError.foreignOwner(key: key)) { try await bench.put(key, "other") }
                let folder = Listing(prefix: "mount/4f0c/owned/alice/")
                await #expect(throws: StorageError.foreignOwner(key: folder.prefix)) { try await bench.barrier.list(folder) }
                let owners = try await bench.barrier.list(Listing(prefix: "mount/4f0c/owned/"))
                #expect(owners == ["alice/"])
            }
        }
        let seen = try await OwnerScope.everybody.run { () async throws in try await bench.read(key) }
        #expect(seen == "value")
    }

    @Test func `one foreign record stops the whole batch`() async throws {
        let (bench, _) = try await Bench.open()
        var batch = Batch()
        batch.put(key, [1])
        batch.put("mount/4f0c/owned/bob/x", [2])
        await #expect(throws: StorageError.foreignOwner(key: "mount/4f0c/owned/bob/x")) {
            try await OwnerScope.owner("alice").run { () async throws(StorageError) in try await bench.barrier.commit(batch) }
        }
        let seen = try await OwnerScope.everybody.run { () async throws in try await bench.read(key) }
        #expect(seen == nil)
    }

    @Test func `records of all owners are sealed with a new key`() async throws {
        let (bench, _) = try await Bench.open()
        for owner in ["alice", "bob"] {
            try await OwnerScope.owner(owner).run { () async throws in try await bench.put("mount/4f0c/owned/\(owner)/x", owner) }
        }
        _ = try await bench.controller.rotate()
        let report = try await bench.controller.reseal()
        #expect(report.resealed >= 2 && report.unreadableCount == 0)
        let seen = try await OwnerScope.owner("bob").run { () async throws in try await bench.read("mount/4f0c/owned/bob/x") }
        #expect(seen == "bob")
    }
}
