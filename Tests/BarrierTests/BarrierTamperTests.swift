import Barrier
import EngineKit
import SecretMemory
import Testing

/// Whoever can write the database can destroy a record, but not change, move or replay it.
@Suite struct BarrierTamperTests {
    static let key = "mount/4f0c/data/db"
    static let other = "mount/4f0c/data/api"

    private func prepared() async throws -> Bench {
        let (bench, _) = try await Bench.open()
        try await bench.put(Self.key, "the password")
        try await bench.put(Self.other, "another one")
        return bench
    }

    private func expectRefused(_ key: String, _ bench: Bench, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        await #expect(throws: StorageError.corrupted(key: key), sourceLocation: sourceLocation) {
            try await bench.barrier.get(key)
        }
    }

    @Test func `refuses a record with any one bit flipped, and serves the others`() async throws {
        let bench = try await prepared()
        let good = try #require(bench.store[Self.key])
        for bit in 0..<good.value.count * 8 {
            var bad = good
            bad.value[bit / 8] ^= 1 << UInt8(bit % 8)
            bench.store[Self.key] = bad
            try await expectRefused(Self.key, bench)
        }
        #expect(try await bench.read(Self.other) == "another one")
        bench.store[Self.key] = good
        #expect(try await bench.read(Self.key) == "the password")
    }

    @Test func `refuses a record cut off anywhere or with bytes added`() async throws {
        let bench = try await prepared()
        let good = try #require(bench.store[Self.key])
        for count in 0..<good.value.count {
            bench.store[Self.key] = StoredRecord(value: Array(good.value.prefix(count)), version: good.version)
            try await expectRefused(Self.key, bench)
        }
        bench.store[Self.key] = StoredRecord(value: good.value + [0], version: good.version)
        try await expectRefused(Self.key, bench)
        #expect(try await bench.read(Self.other) == "another one")
    }

    @Test func `refuses two rows that were swapped`() async throws {
        let bench = try await prepared()
        let first = try #require(bench.store[Self.key])
        let second = try #require(bench.store[Self.other])
        bench.store[Self.key] = second
        bench.store[Self.other] = first
        try await expectRefused(Self.key, bench)
        try await expectRefused(Self.other, bench)
    }

    @Test(arguments: [
        "mount/4f0c/data/dc", "mount/4f0d/data/db", "mount/4f0c/data/d/b", "mount4f0c/data/db", "db", "mount/4f0c/data/db/",
    ])
    func `refuses a record moved to another key`(_ target: String) async throws {
        let bench = try await prepared()
        bench.store[target] = bench.store[Self.key]
        try await expectRefused(target, bench)
        #expect(try await bench.read(Self.key) == "the password")
    }

    @Test func `refuses the value of an older version under the newer stamp`() async throws {
        let bench = try await prepared()
        let old = try #require(bench.store[Self.key])
        try await bench.put(Self.key, "the new password")
        let new = try #require(bench.store[Self.key])
        bench.store[Self.key] = StoredRecord(value: old.value, version: new.version)
        try await expectRefused(Self.key, bench)
        bench.store[Self.key] = StoredRecord(value: new.value, version: old.version)
        try await expectRefused(Self.key, bench)
    }

    @Test func `refuses a record of another store`() async throws {
        let bench = try await prepared()
        let foreign = Bench(seed: 99)
        let made = try await foreign.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        try await foreign.unseal(made.unsealShares.map(\.hex))
        try await foreign.put(Self.key, "the password")
        bench.store[Self.key] = foreign.store[Self.key]
        try await expectRefused(Self.key, bench)
    }

    @Test(arguments: [0, 4, 5]) func `refuses every unknown magic, format and algorithm`(_ offset: Int) async throws {
        let bench = try await prepared()
        let good = try #require(bench.store[Self.key])
        for value in UInt8.min...UInt8.max where value != good.value[offset] {
            var bad = good
            bad.value[offset] = value
            bench.store[Self.key] = bad
            try await expectRefused(Self.key, bench)
        }
    }

    @Test func `refuses the term of another record and a term that never was`() async throws {
        let bench = try await prepared()
        _ = try await bench.controller.rotate()
        for term in [UInt8(0), 2, 3, 255] {
            var bad = try #require(bench.store[Self.key])
            #expect(bad.value[6..<10] == [0, 0, 0, 1])
            bad.value[9] = term
            bench.store[Self.other] = bad
            try await expectRefused(Self.other, bench)
        }
        #expect(try await bench.read(Self.key) == "the password")
    }

    @Test(arguments: ["core/instance", "core/seal", "core/keyring", "core/terms"])
    func `does not open a store whose own records were changed`(_ key: String) async throws {
        let (bench, shares) = try await Bench.open()
        let good = try #require(bench.store[key])
        for offset in good.value.indices {
            var bad = good
            bad.value[offset] ^= 1
            bench.store[key] = bad
            let second = bench.restarted()
            await #expect(throws: SealError.self, "byte \(offset)") { try await second.unseal(shares.prefix(3)) }
            #expect(second.barrier.isSealed)
        }
        bench.store[key] = nil
        let second = bench.restarted()
        await #expect(throws: SealError.self) { try await second.unseal(shares.prefix(3)) }
        bench.store[key] = good
        try await second.unseal(shares.prefix(3))
        #expect(!second.barrier.isSealed)
    }
}
