import EngineKit
import Identity
import Synchronization
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

/// A store that lets something happen before a reading of a key.
private final class PausingStorage: Storage {
    private let base: any Storage
    private let state = Mutex<(reads: Int, pause: (@Sendable () async throws -> Void)?)>((0, nil))
    private let key: String

    init(_ base: any Storage, key: String) { (self.base, self.key) = (base, key) }

    /// Runs `pause` before the next reading but one.
    func beforeSecondRead(_ pause: @escaping @Sendable () async throws -> Void) { state.withLock { $0 = (0, pause) } }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        if key.utf8.suffix(self.key.utf8.count).elementsEqual(self.key.utf8) {
            let pause = state.withLock { state in
                state.reads += 1
                guard state.reads == 2 else { return (@Sendable () async throws -> Void)?.none }
                return state.pause
            }
            do { try await pause?() } catch { throw .unavailable("the pause failed") }
        }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }
    func commit(_ batch: Batch) async throws(StorageError) { try await base.commit(batch) }
}

@Suite("Identity tokens of nodes that share a store")
struct SharedStoreTests {
    @Test("a node that found a key due before another rotated it does not rotate it again")
    func rotatedMeanwhile() async throws {
        let base = StampingStorage(MemoryStorage())
        let storage = PausingStorage(base, key: "/k")
        let first = TokensDriver(storage: base)
        let second = TokensDriver(storage: storage, time: first.time, seed: 2)
        try await first.send(.update, "oidc/key/k", ["algorithm": "ES256", "rotation_period": "1m", "verification_ttl": "5m"])
        first.time.advance(seconds: 60)
        let hasPaused = Mutex(false)
        storage.beforeSecondRead {
            hasPaused.withLock { $0 = true }
            try await first.tokens.keys.rotateDue()
        }
        try await second.tokens.keys.rotateDue()
        #expect(hasPaused.withLock { $0 })
        #expect(try await first.tokens.keys.find("k")?.retired.count == 1)
    }

    @Test("introspection refuses a token of another issuer, although its key is known")
    func otherIssuer() async throws {
        let storage = StampingStorage(MemoryStorage())
        let one = TokensDriver(storage: storage)
        let other = TokensDriver(storage: storage, time: one.time, seed: 2, address: "https://other.example")
        try await one.send(.update, "oidc/key/k", ["algorithm": "ES256", "allowed_client_ids": "*"])
        try await one.send(.update, "oidc/role/r", ["key": "k"])
        let ada = try await one.entity("ada")
        let token = JSON.string(try await one.token("r", of: ada))
        #expect(try await one.data(.update, "oidc/introspect", ["token": token])["active"] == true)
        let answer = try await other.data(.update, "oidc/introspect", ["token": token])
        #expect(answer["active"] == false && answer["error"] == "the token is of another issuer")
    }

    @Test("the values that a template gives are bounded before they are put together")
    func boundedValues() async throws {
        let driver = TokensDriver()
        let ada = try await driver.entity("ada", ["metadata": ["k": "0123456789"]])
        let entity = try #require(try await driver.identity.resolve(ada))
        let template = try ClaimTemplate("{\"a\": [{{identity.entity.metadata.k}}, {{identity.entity.metadata.k}}]}")
        let now = driver.time.now()
        #expect(try template.claims(of: entity, at: now, bytesMax: 24)["a"] == ["0123456789", "0123456789"])
        let refusal = #expect(throws: CofferError.self) { try template.claims(of: entity, at: now, bytesMax: 23) }
        #expect(refusal?.code == .tooLarge)
    }
}
