import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("KV version 2: numbers of versions in stored records")
struct StoredNumberTests {
    /// A secret whose stored record says that its newest version is `number`.
    private func secret(numbered number: UInt64) async throws -> (kv: KVDriver, storage: any Storage) {
        let storage = StampingStorage(MemoryStorage())
        let kv = try KVDriver(storage: storage)
        try await kv.send(.update, "data/a", #"{"data":{"n":1}}"#)
        var bytes = try #require(try await storage.get("head/a")).value
        withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(16..<24, with: $0) }
        var batch = Batch()
        batch.put("head/a", bytes)
        try await storage.commit(batch)
        return (kv, storage)
    }

    @Test(
        "a record whose version cannot be followed by another is refused as damaged, and kept",
        arguments: [.max, .max - 1, 1 << 53])
    func beyondTheLast(number: UInt64) async throws {
        let (kv, storage) = try await secret(numbered: number)
        let before = try await storage.get("head/a")
        for (operation, body) in [
            (Operation.read, ""), (.update, #"{"data":{"n":2}}"#), (.patch, #"{"data":{"n":2}}"#), (.delete, ""),
        ] {
            await #expect(throws: StorageError.corrupted(key: "head/a")) { try await kv.send(operation, "data/a", body) }
        }
        #expect(try await storage.get("head/a")?.value == before?.value)
    }

    @Test("the version before the last number is followed by the last")
    func last() async throws {
        let (kv, _) = try await secret(numbered: (1 << 53) - 2)
        try await kv.send(.update, "data/a", #"{"data":{"n":2}}"#)
        #expect(try await kv.data(.read, "data/a")["data"]?["n"] == 2)
    }

    @Test("the last version is followed by none: the write is refused, and the secret can be read, and begun again")
    func beyond() async throws {
        let (kv, storage) = try await secret(numbered: (1 << 53) - 1)
        let before = try await storage.get("head/a")?.value
        for operation in [Operation.update, .patch] {
            let refusal = try #require(await kv.refusal(operation, "data/a", #"{"data":{"n":2}}"#))
            #expect(refusal.code == .invalidRequest && refusal.messages.first?.contains("highest number") == true)
        }
        #expect(try await storage.get("head/a")?.value == before)
        #expect(try await kv.data(.read, "data/a")["data"]?["n"] == 1)
        try await kv.send(.delete, "metadata/a")
        try await kv.send(.update, "data/a", #"{"data":{"n":3}}"#)
        #expect(try await kv.data(.read, "data/a")["metadata"]?["version"] == 1)
    }
}
