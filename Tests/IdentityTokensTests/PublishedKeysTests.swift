import EngineKit
import JOSE
import StoreKit
import Synchronization
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

/// A store that counts what is asked of it.
private final class CountedStorage: Storage {
    private let base: any Storage
    private let counts = Mutex((gets: 0, lists: 0))

    init(_ base: any Storage) { self.base = base }

    /// Returns how many records and listings `body` read.
    func reads(of body: () async throws -> Void) async throws -> (gets: Int, lists: Int) {
        counts.withLock { $0 = (0, 0) }
        try await body()
        return counts.withLock { $0 }
    }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        counts.withLock { $0.gets += 1 }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        counts.withLock { $0.lists += 1 }
        return try await base.list(listing)
    }

    func commit(_ batch: Batch) async throws(StorageError) { try await base.commit(batch) }
}

@Suite("What anybody may ask about keys")
struct PublishedKeysTests {
    private func key(_ driver: TokensDriver, _ name: String, _ more: JSONObject = [:]) async throws {
        var body = more
        for (name, value) in ["algorithm": "EdDSA", "allowed_client_ids": ["*"]] as [String: JSON] where body[name] == nil {
            body[name] = value
        }
        try await driver.send(.update, "oidc/key/\(name)", body)
    }

    private func damage(_ driver: TokensDriver, _ name: String) async throws {
        try await driver.storage.put("tokens/key/\(name)", Array("{}".utf8))
    }

    @Test("a document of many keys costs a few reads, and none is old")
    func reads() async throws {
        let storage = CountedStorage(StampingStorage(MemoryStorage()))
        let driver = TokensDriver(storage: storage)
        let other = TokensDriver(storage: storage, time: driver.time, seed: 2)
        for number in 0..<20 {
            try await key(driver, "k\(number)")
            try await driver.send(.update, "oidc/client/c\(number)", ["key": .string("k\(number)")])
        }
        func count(_ driver: TokensDriver, _ path: String) async throws -> Int {
            try await driver.data(.read, path)["keys"]?.arrayValue?.count ?? 0
        }
        for path in ["oidc/.well-known/keys", "oidc/provider/default/.well-known/keys"] {
            #expect(try await count(driver, path) == 40)
            let reads = try await storage.reads { _ = try await driver.data(.read, path) }
            #expect(reads.gets <= 2 && reads.lists == 0)
            // Whatever changes the set is seen at once, also when another node changed it.
            try await other.send(.update, "oidc/key/k3/rotate")
            #expect(try await count(driver, path) == 41)
            try await other.send(.update, "oidc/key/k3/rotate", ["verification_ttl": 0])
            #expect(try await count(driver, path) == 41)
            driver.time.advance(seconds: 86_400)
            #expect(try await count(driver, path) == 40)
        }
        try await other.send(.delete, "oidc/client/c7")
        #expect(try await count(driver, "oidc/provider/default/.well-known/keys") == 38)
        #expect(try await driver.data(.read, "oidc/key/default")["algorithm"] == "RS256")
        #expect(try await count(driver, "oidc/.well-known/keys") == 42)
    }

    @Test("introspection reads no key for a token that no key signed")
    func introspection() async throws {
        let storage = CountedStorage(StampingStorage(MemoryStorage()))
        let driver = TokensDriver(storage: storage)
        let ada = try await driver.entity("ada")
        for number in 0..<20 { try await key(driver, "k\(number)") }
        try await driver.send(.update, "oidc/role/r", ["key": "k7"])
        let token = JSON.string(try await driver.token("r", of: ada))
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token]) == ["active": true])
        let reads = try await storage.reads { _ = try await driver.data(.update, "oidc/introspect", ["token": token]) }
        #expect(reads.gets < 10 && reads.lists == 0)
    }

    // MARK: Damage

    @Test("a key that cannot be read keeps no other from being published, used and rotated, and codes from being swept")
    func damaged() async throws {
        let driver = TokensDriver()
        let provider = try await ProviderDriver(driver: driver)
        let ada = provider.ada
        try await key(driver, "a")
        try await key(driver, "b", ["rotation_period": "1m", "verification_ttl": "10m"])
        try await driver.send(.update, "oidc/role/r", ["key": "b", "ttl": "10m"])
        _ = try await provider.code()
        try await damage(driver, "a")
        try await driver.send(.update, "oidc/key/other", ["algorithm": "EdDSA"])
        let token = try await driver.token("r", of: ada)
        #expect(try await driver.keySet().verifies(try SignedToken(token)))
        #expect(try await driver.data(.update, "oidc/introspect", ["token": .string(token)]) == ["active": true])
        let before = try await driver.tokens.keys.find("b")?.current
        driver.time.advance(seconds: 600)
        let problem = await #expect(throws: StorageError.self) { try await driver.tokens.runRound() }
        #expect(problem == .corrupted(key: "key/a"))
        #expect(try await driver.tokens.keys.find("b")?.current != before)
        #expect(try await driver.storage.list(Listing(prefix: "tokens/code/")) == [])
    }

    @Test("a key that cannot be read is replaced by writing it, and deleted unless it is in use")
    func replaced() async throws {
        let driver = TokensDriver()
        try await key(driver, "a")
        try await driver.send(.update, "oidc/role/r", ["key": "a", "ttl": "2h"])
        try await damage(driver, "a")
        #expect(await driver.refusal(.delete, "oidc/key/a")?.code == .invalidRequest)
        #expect(await driver.refusal(.update, "oidc/key/a", ["verification_ttl": "1h"])?.code == .invalidRequest)
        try await key(driver, "a", ["verification_ttl": "2h"])
        #expect(try await driver.data(.read, "oidc/key/a")["verification_ttl"] == 7_200)
        try await driver.send(.delete, "oidc/role/r")
        try await damage(driver, "a")
        try await driver.send(.delete, "oidc/key/a")
        #expect(try await driver.storage.get("tokens/key/a") == nil)
    }

    @Test("a round rotates few keys, and each that is due in its turn")
    func rounds() async throws {
        let driver = TokensDriver()
        let names = ["a", "b", "c", "d", "e"]
        for name in names {
            try await key(driver, name, ["rotation_period": "1m", "verification_ttl": "10m"])
            driver.time.advance(seconds: 1)
        }
        driver.time.advance(seconds: 60)
        func rotated() async throws -> [String] {
            var found: [String] = []
            for name in names where try await driver.tokens.keys.find(name)?.retired.isEmpty == false { found.append(name) }
            return found
        }
        for expected in [["a", "b"], ["a", "b", "c", "d"], names, names] {
            try await driver.tokens.runRound()
            #expect(try await rotated() == expected)
        }
    }

    @Test("a rotation by hand lets tokens be verified for no longer than the key itself may")
    func rotationByHand() async throws {
        let driver = TokensDriver()
        try await key(driver, "k", ["rotation_period": "1h", "verification_ttl": "1h"])
        #expect(await driver.refusal(.update, "oidc/key/k/rotate", ["verification_ttl": "10h1s"])?.code == .invalidRequest)
        try await driver.send(.update, "oidc/key/k/rotate", ["verification_ttl": "10h"])
        try await driver.send(.update, "oidc/key/k/rotate", ["verification_ttl": 0])
    }

    @Test(
        "an issuer is a scheme, a host and perhaps a port",
        arguments: [
            ("https://id.example", true), ("http://10.0.0.1:8200", true), ("https://[2001:db8::1]:8200", true),
            ("https://my_service:8200", true), ("https://:", false), ("https://x..:y", false), ("https://x..y", false),
            ("https://x:0", false), ("https://x:65536", false), ("https://-x", false), ("https://[]", false),
            ("https://[1.2.3.4]", false), ("https://[::1", false), ("https://x/", false), ("https://a@x", false),
        ])
    func issuers(text: String, isAllowed: Bool) async throws {
        let refusal = await TokensDriver().refusal(.update, "oidc/config", ["issuer": .string(text)])
        #expect((refusal == nil) == isAllowed)
    }
}
