import EngineKit
import Synchronization
import TestSupport
import Testing

@Suite struct CachedStorageTests {
    @Test(arguments: StorageContract.checks, [0, 40_000, 64 << 20])
    func keepsTheContract(_ check: StorageContract.Check, bytesMax: Int) async throws {
        try await check.run(CachedStorage(base: MemoryStorage(), bytesMax: bytesMax))
    }

    private static func put(_ storage: any Storage, _ key: String, _ value: [UInt8], version: UInt64) async throws {
        var batch = Batch()
        batch.put(key, value, version: version)
        try await storage.commit(batch)
    }

    @Test("reads records and absences from memory the second time")
    func hits() async throws {
        let base = FailingStorage(MemoryStorage())
        let cache = CachedStorage(base: base, bytesMax: 1 << 20)
        try await Self.put(base, "old", [1], version: 1)
        try await Self.put(cache, "new", [2], version: 2)
        #expect(try await cache.get("old")?.value == [1])
        #expect(try await cache.get("none") == nil)
        base.failReads()
        #expect(try await cache.get("old")?.value == [1])
        #expect(try await cache.get("new")?.value == [2])
        #expect(try await cache.get("none") == nil)
    }

    @Test("forgets what it is told to forget")
    func invalidation() async throws {
        let base = MemoryStorage()
        let cache = CachedStorage(base: base, bytesMax: 1 << 20)
        try await Self.put(cache, "a", [1], version: 1)
        try await Self.put(cache, "b", [1], version: 1)
        #expect(try await cache.get("c") == nil)
        for key in ["a", "b", "c"] { try await Self.put(base, key, [2], version: 2) }
        cache.invalidate(["a", "c"])
        #expect(try await cache.get("a")?.value == [2])
        #expect(try await cache.get("c")?.value == [2])
        #expect(try await cache.get("b")?.value == [1])
        cache.removeAll()
        #expect(cache.byteCount == 0)
        #expect(try await cache.get("b")?.value == [2])
    }

    @Test("reads again after a commit that may or may not have been written", arguments: [FailingStorage.Moment.before, .after])
    func ambiguity(_ moment: FailingStorage.Moment) async throws {
        let base = FailingStorage(MemoryStorage())
        let cache = CachedStorage(base: base, bytesMax: 1 << 20)
        try await Self.put(cache, "k", [1], version: 1)
        base.failCommit(1, moment)
        await #expect(throws: StorageError.unavailable("injected failure")) { try await Self.put(cache, "k", [2], version: 2) }
        #expect(try await cache.get("k")?.value == (moment == .before ? [1] : [2]))
    }

    @Test("drops the old record of a conflict, so that the next try reads the store")
    func conflict() async throws {
        let base = MemoryStorage()
        let cache = CachedStorage(base: base, bytesMax: 1 << 20)
        try await Self.put(cache, "k", [1], version: 1)
        try await Self.put(base, "k", [2], version: 2)
        var batch = Batch()
        batch.check("k", .version(1))
        await #expect(throws: StorageError.conflict(key: "k")) { try await cache.commit(batch) }
        #expect(try await cache.get("k")?.version == 2)
    }

    @Test("stays within its bytes, and keeps what is asked for again")
    func bound() async throws {
        let base = FailingStorage(MemoryStorage())
        let bytesMax = 1 << 20
        let cache = CachedStorage(base: base, bytesMax: bytesMax)
        for index in 0..<5_000 {
            try await Self.put(cache, "k/\(index)", Array(repeating: 1, count: 1_000), version: 1)
            #expect(try await cache.get("k/0") != nil)
            #expect(try await cache.get("none/\(index)") == nil)
        }
        #expect(cache.byteCount <= bytesMax)
        #expect(cache.byteCount > bytesMax / 2)
        base.failReads()
        #expect(try await cache.get("k/0") != nil)
        await #expect(throws: StorageError.self) { try await cache.get("k/1") }
    }

    @Test("does not keep a record that would push out the rest")
    func large() async throws {
        let cache = CachedStorage(base: MemoryStorage(), bytesMax: 1 << 20)
        try await Self.put(cache, "large", Array(repeating: 1, count: 1 << 19), version: 1)
        #expect(cache.byteCount == 0)
        #expect(try await cache.get("large")?.value.count == 1 << 19)
    }

    @Test("never puts an old record back when a commit overtakes its read", arguments: [false, true])
    func overtakenRead(isCacheEmptied: Bool) async throws {
        let base = GatedStorage()
        let cache = CachedStorage(base: base, bytesMax: 1 << 20)
        try await Self.put(base, "k", [1], version: 1)
        base.holdNextRead()
        async let old = cache.get("k")
        await base.readIsHeld()
        try await Self.put(cache, "k", [2], version: 2)
        if isCacheEmptied { cache.removeAll() }
        base.releaseRead()
        #expect(try await old?.version == 1)
        #expect(try await cache.get("k")?.version == 2)
    }

    @Test("never keeps either of two overlapping writes of a key", arguments: [false, true])
    func overlappingWrites(isInvalidatedInstead: Bool) async throws {
        let base = GatedStorage()
        let cache = CachedStorage(base: base, bytesMax: 1 << 20)
        base.holdNextCommitAfterwards()
        async let first: Void = Self.put(cache, "k", [1], version: 1)
        await base.commitIsHeld()
        // The first write is in the store, but its caller does not know yet.
        if isInvalidatedInstead {
            try await Self.put(base, "k", [2], version: 2)
            cache.invalidate(["k"])
        } else {
            try await Self.put(cache, "k", [2], version: 2)
        }
        base.releaseCommit()
        try await first
        #expect(try await cache.get("k")?.version == 2)
    }
}
