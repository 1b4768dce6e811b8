import EngineKit
import TestSupport
import Testing

@Suite struct MemoryStorageTests {
    @Test(arguments: StorageContract.checks)
    func keepsTheContract(_ check: StorageContract.Check) async throws {
        try await check.run(MemoryStorage())
    }

    @Test("keeps its order through many thousands of inserts and removals")
    func order() async throws {
        let storage = MemoryStorage()
        let keys = (0..<20_000).map { "k/\($0 * 7_919 % 20_000)" }
        for key in keys {
            var batch = Batch()
            batch.put(key, [])
            try await storage.commit(batch)
        }
        for key in keys.prefix(15_000) {
            var batch = Batch()
            batch.delete(key)
            try await storage.commit(batch)
        }
        let names = try await storage.list(Listing(prefix: "k/"))
        #expect(names == keys.dropFirst(15_000).map { String($0.dropFirst(2)) }.sorted())
    }
}

@Suite struct PrefixedStorageTests {
    @Test(arguments: StorageContract.checks.filter { !$0.testDescription.contains("greatest length") })
    func keepsTheContract(_ check: StorageContract.Check) async throws {
        let base = MemoryStorage()
        var batch = Batch()
        for key in ["mount", "mount/0", "mount/10/x", "mount/1-", "mount0"] { batch.put(key, [1]) }
        try await base.commit(batch)
        try await check.run(PrefixedStorage(base, prefix: "mount/1/"))
        #expect(try await base.list(Listing(prefix: "mount/")).filter { $0 != "1/" } == ["0", "1-", "10/"])
    }

    @Test("names the key of a conflict as the engine knows it")
    func conflictKey() async throws {
        let storage = PrefixedStorage(MemoryStorage(), prefix: "mount/1/")
        var batch = Batch()
        batch.check("k", .version(1))
        await #expect(throws: StorageError.conflict(key: "k")) { try await storage.commit(batch) }
    }
}
