import Barrier
import EngineKit
import Synchronization
import TestSupport
import Testing

@Suite struct RotationTests {
    private func filled(_ count: Int) async throws -> (Bench, [String]) {
        let (bench, shares) = try await Bench.open()
        for index in 0..<count { try await bench.put("mount/a/\(index)", "value \(index)") }
        return (bench, shares)
    }

    private func term(_ bench: Bench, _ key: String) throws -> Int {
        Int(try #require(bench.store[key]).value[9])
    }

    private func expectValues(_ bench: Bench, _ count: Int) async throws {
        for index in 0..<count { #expect(try await bench.read("mount/a/\(index)") == "value \(index)") }
    }

    @Test func `seals with the new term at once and still reads the old`() async throws {
        let (bench, shares) = try await filled(3)
        bench.time.advance(seconds: 60)
        let status = try await bench.controller.rotate()
        #expect(status.term == 2 && status.encryptions == 0 && status.installed == bench.time.now())
        #expect(try bench.controller.keyStatus() == status)
        try await bench.put("mount/a/1", "value 1")
        #expect(try term(bench, "mount/a/0") == 1 && term(bench, "mount/a/1") == 2)
        try await expectValues(bench, 3)
        let second = bench.restarted()
        try await second.unseal(shares.prefix(3))
        try await expectValues(second, 3)
        #expect(try second.controller.keyStatus().term == 2)
    }

    @Test func `changes nothing when it cannot be written, and works again later`() async throws {
        let (bench, _) = try await filled(1)
        bench.store.fail(at: 1)
        await #expect(throws: SealError.self) { _ = try await bench.controller.rotate() }
        #expect(try bench.controller.keyStatus().term == 1)
        bench.store.fail(at: nil)
        #expect(try await bench.controller.rotate().term == 2)
    }

    @Test func `recovers from a rotation that was written although the store could not tell`() async throws {
        let (bench, _) = try await filled(1)
        bench.store.fail(at: 1, afterWriting: true)
        await #expect(throws: SealError.self) { _ = try await bench.controller.rotate() }
        bench.store.fail(at: nil)
        await #expect(throws: SealError.self) { _ = try await bench.controller.rotate() }
        #expect(try bench.controller.keyStatus().term == 2)
        #expect(try await bench.controller.rotate().term == 3)
    }

    @Test func `another server's rotation is taken over`() async throws {
        let (bench, shares) = try await filled(1)
        let second = bench.restarted()
        try await second.unseal(shares.prefix(3))
        _ = try await second.controller.rotate()
        try await second.put("mount/a/1", "value 1")
        try await bench.controller.reloadKeyring()
        try await expectValues(bench, 2)
    }

    @Test func `fails while sealed`() async throws {
        let (bench, _) = try await filled(0)
        await bench.controller.seal()
        await #expect(throws: SealError.sealed) { _ = try await bench.controller.rotate() }
        await #expect(throws: SealError.sealed) { _ = try await bench.controller.reseal() }
    }

    @Test func `rotations at the same time give one term each`() async throws {
        let (bench, _) = try await filled(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try? await bench.controller.rotate() } }
        }
        #expect(try bench.controller.keyStatus().term == 21)
    }
}

@Suite struct ResealTests {
    private func rotated(_ count: Int) async throws -> (Bench, [String]) {
        let (bench, shares) = try await Bench.open()
        for index in 0..<count { try await bench.put("mount/a/\(index)", "value \(index)") }
        _ = try await bench.controller.rotate()
        return (bench, shares)
    }

    private func oldRecords(_ bench: Bench) -> [String] {
        bench.store.records.filter { !$0.key.hasPrefix("core/") && $0.value.value[9] == 1 }.map(\.key)
    }

    @Test(arguments: [1, 7, 256]) func `moves every record to the new term and keeps its version`(_ batchSize: Int) async throws {
        let (bench, _) = try await rotated(50)
        let versions = bench.store.records.mapValues(\.version)
        let steps = Mutex(0)
        let report = try await bench.controller.reseal(batchSize: batchSize) { _ in steps.withLock { $0 += 1 } }
        #expect(report.isComplete && report.resealed == 50 && report.scanned == 50 && report.unreadableCount == 0)
        #expect(steps.withLock { $0 } >= 50 / batchSize)
        #expect(oldRecords(bench).isEmpty)
        for index in 0..<50 {
            #expect(try await bench.read("mount/a/\(index)") == "value \(index)")
            #expect(bench.store["mount/a/\(index)"]?.version == versions["mount/a/\(index)"])
        }
        let again = try await bench.controller.reseal()
        #expect(again.isComplete && again.scanned == 0)
    }

    @Test(arguments: 1...8, [false, true])
    func `goes on where it was when it is interrupted at any commit`(_ failing: Int, _ afterWriting: Bool) async throws {
        let (bench, shares) = try await rotated(30)
        bench.store.fail(at: failing, afterWriting: afterWriting)
        await #expect(throws: SealError.self) { _ = try await bench.controller.reseal(batchSize: 4) }
        bench.store.fail(at: nil)
        let second = bench.restarted()
        try await second.unseal(shares.prefix(3))
        let left = oldRecords(bench).count
        let report = try await second.controller.reseal(batchSize: 4)
        #expect(report.isComplete && report.resealed == left && report.scanned == left)
        #expect(oldRecords(bench).isEmpty)
        for index in 0..<30 { #expect(try await second.read("mount/a/\(index)") == "value \(index)") }
    }

    @Test func `loses no update that comes in between`() async throws {
        let (bench, _) = try await rotated(10)
        let store = bench.store
        let old = try #require(store["mount/a/3"])
        try await bench.put("mount/a/3", "newer")
        let newer = try #require(store["mount/a/3"])
        store["mount/a/3"] = old
        store.beforeNextCommit { _ in
            store["mount/a/3"] = newer
            store["mount/a/5"] = nil
        }
        let report = try await bench.controller.reseal()
        #expect(report.isComplete && report.resealed == 8)
        #expect(try await bench.read("mount/a/3") == "newer")
        #expect(try await bench.read("mount/a/5") == nil)
        #expect(oldRecords(bench).isEmpty)
    }

    @Test func `leaves a condition on the old reading true`() async throws {
        let (bench, _) = try await rotated(1)
        let reading = try #require(try await bench.barrier.get("mount/a/0"))
        _ = try await bench.controller.reseal()
        var batch = Batch()
        batch.put("mount/a/0", [1], if: .init(unchanged: reading))
        try await bench.barrier.commit(batch)
        #expect(try await bench.barrier.get("mount/a/0")?.value == [1])
    }

    @Test func `reports unreadable records and goes on`() async throws {
        let (bench, _) = try await rotated(10)
        bench.store["mount/a/4"]?.value[20] ^= 1
        bench.store["mount/a/6"]?.value = []
        let report = try await bench.controller.reseal(batchSize: 3)
        #expect(report.isComplete && report.resealed == 8 && report.unreadable == ["mount/a/4", "mount/a/6"])
    }

    @Test func `starts from the beginning after another rotation, and when its position is damaged`() async throws {
        let (bench, _) = try await rotated(10)
        bench.store.fail(at: 2)
        await #expect(throws: SealError.self) { _ = try await bench.controller.reseal(batchSize: 4) }
        bench.store.fail(at: nil)
        _ = try await bench.controller.rotate()
        #expect(try await bench.controller.reseal(batchSize: 4).resealed == 10)
        bench.store["core/reseal"]?.value = Array("{".utf8)
        let report = try await bench.controller.reseal()
        #expect(report.isComplete && report.scanned == 10 && report.resealed == 0)
    }

    @Test func `makes small batches of large records`() async throws {
        let (bench, _) = try await Bench.open()
        for index in 0..<5 {
            var batch = Batch()
            batch.put("mount/a/\(index)", [UInt8](repeating: UInt8(index), count: 3 << 20))
            try await bench.barrier.commit(batch)
        }
        _ = try await bench.controller.rotate()
        bench.store.fail(at: nil)
        #expect(try await bench.controller.reseal().resealed == 5)
        #expect(bench.store.commits == 2)
    }
}
