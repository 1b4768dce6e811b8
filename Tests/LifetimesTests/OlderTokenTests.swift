import Capabilities
import Crypto
import EngineKit
import Lifetimes
import SecretMemory
import TestSupport
import Testing

/// Tokens of stores that were made before tokens had handles.
@Suite("Tokens filed under their older id") struct OlderTokenTests {
    private static let key = [UInt8](repeating: 7, count: 32)
    private let storage = StampingStorage(MemoryStorage())
    private let time = ManualTime()
    private let tokens: TokenStore

    init() {
        tokens = TokenStore(storage: storage, key: SecretBytes(Self.key), time: time, randomness: SeededRandomness(seed: 3))
    }

    /// Made now and filed as it was then.
    private func older(named: String? = nil, uses: Int = 0) async throws -> (token: String, id: String) {
        let made = try #require(
            try await tokens.create(named: named, parent: nil, displayName: "old", policies: ["p"], path: "auth/token/create") {
                $0.usesLeft = uses
            })
        let code = HMAC<SHA256>.authenticationCode(for: Array(made.token.utf8), using: SymmetricKey(data: Self.key))
        let id = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let record = try #require(try await storage.get("id/" + made.entry.id))
        var batch = Batch()
        batch.delete("id/" + made.entry.id)
        batch.put("id/" + id, record.value)
        try await storage.commit(batch)
        tokens.invalidate([made.entry.id])
        return (made.token, id)
    }

    @Test("are found, again from the cache, and end when they are revoked")
    func lives() async throws {
        let (token, id) = try await older()
        for _ in 0..<2 { #expect(try await tokens.find(token)?.entry.id == id) }
        #expect(try await tokens.knownID(of: token) == id)
        try await tokens.revokeTree(id: id)
        #expect(try await tokens.find(token) == nil)
    }

    @Test("lose their uses one by one")
    func uses() async throws {
        let (token, _) = try await older(uses: 2)
        for left in [2, 1] {
            let found = try #require(try await tokens.find(token)?.entry)
            #expect(found.usesLeft == left)
            _ = try await tokens.spendUse(found)
        }
        #expect(try await tokens.find(token) == nil)
    }

    @Test("keep their name from being given to another")
    func names() async throws {
        let (token, id) = try await older(named: "my-own-name")
        #expect(try await tokens.create(named: token, parent: nil, displayName: "", policies: [], path: "x") { _ in } == nil)
        let parent = try #require(try await tokens.entry(id: id))
        #expect(try await tokens.create(named: token, parent: parent, displayName: "", policies: [], path: "x") { _ in } == nil)
    }

    @Test("wait with an answer, have a key in their record, and cannot be narrowed all the same")
    func wrapping() async throws {
        let made = try #require(
            try await tokens.create(
                parent: nil, displayName: "", policies: [TokenStore.wrappingPolicy], path: "secret/data/a", configure: { _ in }))
        #expect(!made.entry.capabilityKey.isEmpty)
        #expect(try await tokens.parent(of: CapabilityToken(parent: made.token)) == nil)
        let usual = try #require(
            try await tokens.create(parent: nil, displayName: "", policies: ["p"], path: "x", configure: { _ in }))
        #expect(try await tokens.parent(of: CapabilityToken(parent: usual.token))?.entry.id == usual.entry.id)
    }
}
