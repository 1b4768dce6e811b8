import EngineKit
import Lifetimes
import SecretMemory
import Synchronization
import TestSupport
import Testing

@Suite("Tokens that somebody changes all the time")
struct OvertakenTests {
    /// Another node's writer is sooner than every change that depends on what was read.
    private final class Overtaking: Storage {
        let base = StampingStorage(MemoryStorage())
        let isOn = Mutex(false)

        func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
        func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

        func commit(_ batch: Batch) async throws(StorageError) {
            if isOn.withLock({ $0 }) {
                for mutation in batch.mutations {
                    if case .version = mutation.precondition { throw .conflict(key: mutation.key) }
                }
            }
            try await base.commit(batch)
        }
    }

    private let storage = Overtaking()
    private let tokens: TokenStore

    init() {
        tokens = TokenStore(
            storage: storage, key: SecretBytes([UInt8](repeating: 7, count: 32)), time: ManualTime(),
            randomness: SeededRandomness(seed: 5))
    }

    private func token(uses: Int = 0, parent: TokenEntry? = nil) async throws -> (token: String, entry: TokenEntry) {
        let made = try await tokens.create(parent: parent, displayName: "t", policies: ["default"], path: "auth/token/create") {
            $0.usesLeft = uses
        }
        return try #require(made)
    }

    @Test("are revoked all the same, with what they made")
    func revoked() async throws {
        let parent = try await token()
        let child = try await token(parent: parent.entry)
        storage.isOn.withLock { $0 = true }
        try await tokens.revokeTree(id: parent.entry.id)
        storage.isOn.withLock { $0 = false }
        #expect(try await tokens.find(parent.token) == nil)
        #expect(try await tokens.find(child.token) == nil)
    }

    @Test("answer that another writer was first when a use cannot be counted")
    func contended() async throws {
        let made = try await token(uses: 5)
        storage.isOn.withLock { $0 = true }
        await #expect {
            _ = try await tokens.spendUse(made.entry)
        } throws: { error in
            if case StorageError.contended = error { true } else { false }
        }
    }

    @Test("take every use of many at once")
    func counted() async throws {
        let made = try await token(uses: 200)
        let spent = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 { group.addTask { try await tokens.spendUse(made.entry) != nil } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(spent == 200)
        #expect(try await tokens.spendUse(made.entry) == nil)
    }
}
