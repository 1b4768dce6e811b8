import Barrier
import EngineKit
import SecretMemory
import TestSupport
import Testing

@Suite struct BarrierRecordTests {
    static let key = "mount/4f0c/data/db/postgres"

    @Test func `gives back what was put, under a new stamp each time`() async throws {
        let (bench, _) = try await Bench.open()
        try await bench.put(Self.key, "one")
        let first = try #require(try await bench.barrier.get(Self.key))
        #expect(first.value == Array("one".utf8))
        try await bench.put(Self.key, "two")
        let second = try #require(try await bench.barrier.get(Self.key))
        #expect(second.value == Array("two".utf8))
        #expect(second.version > first.version)
        #expect(try await bench.barrier.get("mount/4f0c/data/none") == nil)
    }

    @Test func `takes any value, also an empty and a large one`() async throws {
        let (bench, _) = try await Bench.open()
        for count in [0, 1, 15, 16, 17, 1_000, 1 << 20] {
            let value = bench.randomness.bytes(count)
            var batch = Batch()
            batch.put(Self.key, value)
            try await bench.barrier.commit(batch)
            #expect(try await bench.barrier.get(Self.key)?.value == value)
        }
    }

    @Test func `keeps the version that a writer chose`() async throws {
        let (bench, _) = try await Bench.open()
        var batch = Batch()
        batch.put(Self.key, [1], version: 77)
        try await bench.barrier.commit(batch)
        #expect(try await bench.barrier.get(Self.key) == StoredRecord(value: [1], version: 77))
    }

    @Test func `passes preconditions, deletes and checks through`() async throws {
        let (bench, _) = try await Bench.open()
        try await bench.put("a", "1")
        let version = try #require(try await bench.barrier.get("a")).version
        var batch = Batch()
        batch.put("b", [2], if: .absent)
        batch.check("a", .version(version))
        try await bench.barrier.commit(batch)
        await #expect(throws: StorageError.conflict(key: "b")) { try await bench.barrier.commit(batch) }
        var deletion = Batch()
        deletion.delete("a", if: .version(version))
        try await bench.barrier.commit(deletion)
        #expect(try await bench.barrier.get("a") == nil)
        #expect(try await bench.read("b") == "\u{2}")
    }

    @Test func `hides no stored byte pattern of the plaintext`() async throws {
        let (bench, _) = try await Bench.open()
        let secret = "correct horse battery staple"
        try await bench.put(Self.key, secret)
        let stored = bench.store.records.values.flatMap(\.value)
        #expect(!stored.contains(Array(secret.utf8)))
        #expect(!stored.hex.contains(Array(secret.utf8).hex))
    }

    @Test func `seals the same value differently each time`() async throws {
        let (bench, _) = try await Bench.open()
        var seen: Set<[UInt8]> = []
        for _ in 0..<50 {
            try await bench.put(Self.key, "same")
            seen.insert(try #require(bench.store[Self.key]).value)
        }
        #expect(seen.count == 50)
    }

    @Test func `refuses keys below core/ in every verb`() async throws {
        let (bench, _) = try await Bench.open()
        for key in ["core/seal", "core/keyring", "core/x"] {
            await #expect(throws: StorageError.self) { try await bench.barrier.get(key) }
            await #expect(throws: StorageError.self) { try await bench.put(key, "x") }
            var deletion = Batch()
            deletion.delete(key)
            await #expect(throws: StorageError.self) { try await bench.barrier.commit(deletion) }
        }
        await #expect(throws: StorageError.self) { try await bench.barrier.list(Listing(prefix: "core/")) }
        #expect(bench.store["core/seal"] != nil)
    }

    @Test(arguments: [1, 2, 3, 7, 100], [false, true])
    func `lists pages without its own keys`(_ limit: Int, _ isRecursive: Bool) async throws {
        let (bench, _) = try await Bench.open()
        let keys = ["a/1", "b", "c/2", "core0", "d/3", "d/4", "zz"]
        for key in keys { try await bench.put(key, key) }
        var listing = Listing(prefix: "", limit: limit, isRecursive: isRecursive)
        var names: [String] = []
        while true {
            let page = try await bench.barrier.list(listing)
            #expect(page.count <= limit)
            names += page
            guard page.count == limit, let last = page.last else { break }
            listing.after = last
        }
        #expect(names == (isRecursive ? keys : ["a/", "b", "c/", "core0", "d/", "zz"]))
        #expect(try await bench.barrier.list(Listing(prefix: "d/")) == ["3", "4"])
    }

    @Test func `answers sealed to everything without its keys`() async throws {
        let (bench, shares) = try await Bench.open()
        try await bench.put("a", "1")
        await bench.controller.seal()
        #expect(bench.barrier.isSealed)
        await #expect(throws: StorageError.sealed) { try await bench.barrier.get("a") }
        await #expect(throws: StorageError.sealed) { try await bench.barrier.list(Listing(prefix: "")) }
        await #expect(throws: StorageError.sealed) { try await bench.put("a", "2") }
        #expect(throws: StorageError.sealed) { try bench.barrier.subkey(info: "token-hmac/v1") }
        try await bench.unseal(shares.suffix(3))
        #expect(try await bench.read("a") == "1")
    }

    @Test func `stamps grow although the clock stands still or goes back`() async throws {
        let (bench, _) = try await Bench.open()
        var last: UInt64 = 0
        for step in 0..<100 {
            bench.time.advance(seconds: step.isMultiple(of: 3) ? -5 : 0)
            try await bench.put("a", "x")
            let version = try #require(bench.store["a"]).version
            #expect(version > last)
            last = version
        }
    }
}

extension [UInt8] {
    /// Whether `part` is somewhere in here.
    func contains(_ part: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
