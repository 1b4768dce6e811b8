import EngineKit
import Records
import Synchronization
import TestSupport
import Testing

@Suite("Changes that are decided on what is stored")
struct TransactTests {
    let storage = StampingStorage(MemoryStorage())

    private func put(_ key: String, _ text: String) async throws {
        var batch = Batch()
        batch.put(key, Array(text.utf8))
        try await storage.commit(batch)
    }

    private func text(_ key: String) async throws -> String? {
        try await storage.get(key).map { String(decoding: $0.value, as: UTF8.self) }
    }

    @Test("a decision that another writer overtook is made again, on what that writer left")
    func overtaken() async throws {
        try await put("a", "1")
        var seen: [String] = []
        let result = try await storage.transact { batch in
            let record = try await storage.get("a")
            seen.append(record.map { String(decoding: $0.value, as: UTF8.self) } ?? "")
            if seen.count == 1 { try await put("a", "2") }
            batch.put("a", Array("3".utf8), if: .init(unchanged: record))
            return seen.count
        }
        #expect(result == 2)
        #expect(seen == ["1", "2"])
        #expect(try await text("a") == "3")
    }

    @Test("a writer that is overtaken every time gives up, has changed nothing, and names the record")
    func contended() async throws {
        try await put("a", "0")
        var attempts = 0
        await #expect(throws: StorageError.contended(key: "a")) {
            try await storage.transact { batch in
                attempts += 1
                let record = try await storage.get("a")
                try await put("a", "\(attempts)")
                batch.put("a", Array("mine".utf8), if: .init(unchanged: record))
                batch.put("b", [])
            }
        }
        #expect(attempts == MemoryStorage.transactionAttemptsMax)
        #expect(try await text("a") == "\(attempts)")
        #expect(try await text("b") == nil)
    }

    @Test("contention is a 409 that says that nothing was changed")
    func shown() {
        let error = CofferError(StorageError.contended(key: "a"))
        #expect(error.code == .conflict)
        #expect(error.messages == ["another writer changed the record first, and this change was not made; try again"])
    }

    @Test("an error of the decision ends it at once and commits nothing")
    func failing() async throws {
        var attempts = 0
        await #expect(throws: CofferError.self) {
            try await storage.transact { batch in
                attempts += 1
                batch.put("a", [])
                throw CofferError.notFound
            }
        }
        #expect(attempts == 1)
        #expect(try await text("a") == nil)
    }

    @Test("an error of the store is passed on and nothing is tried again")
    func unavailable() async throws {
        let failing = FailingStorage(storage)
        failing.failCommit(1)
        var attempts = 0
        await #expect(throws: StorageError.unavailable("injected failure")) {
            try await failing.transact { batch throws(StorageError) in
                attempts += 1
                batch.put("a", [])
            }
        }
        #expect(attempts == 1)
    }

    @Test("an empty decision commits nothing")
    func empty() async throws {
        let counting = FailingStorage(storage)
        #expect(try await counting.transact { _ in 7 } == 7)
        #expect(counting.commitCount == 0)
    }
}
