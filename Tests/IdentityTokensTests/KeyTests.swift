import EngineKit
import JOSE
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

@Suite("Named keys of identity tokens")
struct KeyTests {
    @Test(
        "each algorithm signs tokens that its published key verifies",
        arguments: ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"])
    func algorithms(name: String) async throws {
        let driver = TokensDriver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/key/k", ["algorithm": .string(name), "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let token = try await driver.token("r", of: ada)
        #expect(try SignedToken(token).algorithm.rawValue == name)
        _ = try await driver.claims(token)
    }

    @Test("a token is verified after rotations until its verification_ttl is over")
    func rotation() async throws {
        let driver = TokensDriver()
        let ada = try await driver.entity("ada")
        try await driver.send(
            .update, "oidc/key/k",
            ["algorithm": "ES256", "rotation_period": "1h", "verification_ttl": "2h", "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/role/r", ["key": "k", "ttl": "2h"])
        let old = try SignedToken(try await driver.token("r", of: ada))
        driver.time.advance(seconds: 3_599)
        try await driver.tokens.runRound()
        #expect(try SignedToken(try await driver.token("r", of: ada)).keyID == old.keyID)
        driver.time.advance(seconds: 1)
        try await driver.tokens.runRound()
        let new = try SignedToken(try await driver.token("r", of: ada))
        #expect(new.keyID != old.keyID)
        #expect(try await driver.keySet().verifies(old))
        #expect(try await driver.keySet().verifies(new))
        driver.time.advance(seconds: 7_199)
        #expect(try await driver.keySet().verifies(old))
        driver.time.advance(seconds: 1)
        #expect(try await !driver.keySet().verifies(old))
    }

    @Test("the key that signs next is published before it signs")
    func published() async throws {
        let driver = TokensDriver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/key/k", ["algorithm": "EdDSA", "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let before = try await driver.keySet()
        try await driver.send(.update, "oidc/key/k/rotate")
        #expect(before.verifies(try SignedToken(try await driver.token("r", of: ada))))
    }

    @Test("a rotation with verification_ttl=0 withdraws the key at once, and its private part is gone")
    func withdrawn() async throws {
        let driver = TokensDriver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/key/k", ["algorithm": "ES256", "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let token = try SignedToken(try await driver.token("r", of: ada))
        let secret = try #require(try await driver.tokens.keys.find("k")).current.privateKey
        try await driver.send(.update, "oidc/key/k/rotate", ["verification_ttl": 0])
        #expect(try await !driver.keySet().verifies(token))
        let stored = try #require(try await driver.storage.get("tokens/key/k")).value
        #expect(!String(decoding: stored, as: UTF8.self).contains(Base64.encode(secret)))
    }

    @Test("no published key has a private part, and no answer has one")
    func privateParts() async throws {
        let driver = TokensDriver()
        for name in ["RS256", "ES256", "EdDSA"] { try await driver.send(.update, "oidc/key/\(name)", ["algorithm": .string(name)]) }
        let document = try await driver.data(.read, "oidc/.well-known/keys")
        let keys = try #require(document["keys"]?.arrayValue)
        #expect(keys.count == 6)
        for key in keys {
            for name in ["d", "p", "q", "dp", "dq", "qi", "k"] { #expect(key[name] == nil) }
        }
        let shown = try await driver.data(.read, "oidc/key/RS256")
        #expect(shown.keys.sorted() == ["algorithm", "allowed_client_ids", "rotation_period", "verification_ttl"])
    }

    @Test("two nodes that find the same key due rotate it once")
    func once() async throws {
        let storage = StampingStorage(MemoryStorage())
        let first = TokensDriver(storage: storage)
        let second = TokensDriver(storage: storage, time: first.time, seed: 2)
        try await first.send(.update, "oidc/key/k", ["algorithm": "ES256", "rotation_period": "1m", "verification_ttl": "5m"])
        first.time.advance(seconds: 60)
        async let one: Void = first.tokens.runRound()
        async let two: Void = second.tokens.runRound()
        _ = try await (one, two)
        #expect(try await first.tokens.keys.find("k")?.retired.count == 1)
    }

    @Test("a changed algorithm signs at once, and older tokens are verified")
    func changedAlgorithm() async throws {
        let driver = TokensDriver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/key/k", ["algorithm": "ES256", "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let old = try SignedToken(try await driver.token("r", of: ada))
        try await driver.send(.update, "oidc/key/k", ["algorithm": "EdDSA"])
        let new = try SignedToken(try await driver.token("r", of: ada))
        #expect(new.algorithm == .edDSA)
        let keys = try await driver.keySet()
        #expect(keys.verifies(old) && keys.verifies(new))
        #expect(try await driver.data(.read, "oidc/key/k")["allowed_client_ids"] == ["*"])
    }

    @Test("the default key is there without being made, and cannot be deleted")
    func defaultKey() async throws {
        let driver = TokensDriver()
        #expect(try await driver.data(.list, "oidc/key")["keys"] == ["default"])
        #expect(try await driver.data(.read, "oidc/key/default")["algorithm"] == "RS256")
        #expect(await driver.refusal(.delete, "oidc/key/default")?.code == .invalidRequest)
    }

    @Test("a key that a role refers to is not deleted")
    func referenced() async throws {
        let driver = TokensDriver()
        try await driver.send(.update, "oidc/key/k", ["algorithm": "ES256"])
        try await driver.send(.update, "oidc/key/other", ["algorithm": "ES256"])
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let refusal = try #require(await driver.refusal(.delete, "oidc/key/k"))
        #expect(refusal.messages.first?.contains("role \"r\"") == true)
        try await driver.send(.update, "oidc/role/r", ["key": "other"])
        try await driver.send(.delete, "oidc/key/k")
        try await driver.send(.delete, "oidc/role/r")
        try await driver.send(.delete, "oidc/key/other")
        #expect(try await driver.data(.list, "oidc/key")["keys"] == ["default"])
        #expect(try await driver.storage.list(Listing(prefix: "tokens/use/", isRecursive: true)) == [])
    }

    @Test(
        "periods and algorithms that make no sense are refused",
        arguments: [
            ["algorithm": "none"], ["algorithm": "HS256"], ["algorithm": "PS256"], ["rotation_period": "59s"],
            ["verification_ttl": "0"], ["rotation_period": "1m", "verification_ttl": "601s"],
            ["verification_ttl": "880000h"], ["allowed_client_ids": ["a b"]],
        ] as [JSONObject]) func refused(body: JSONObject) async throws
    {
        #expect(await TokensDriver().refusal(.update, "oidc/key/k", body)?.code == .invalidRequest)
    }

    @Test("names that cannot be in a path are refused", arguments: ["-a", "a-", ".a", "a b", "é"])
    func names(name: String) async throws {
        #expect(await TokensDriver().refusal(.update, "oidc/key/\(name)")?.code == .invalidRequest)
    }

    @Test("verification_ttl stays above the life of the tokens of every role")
    func lifetimes() async throws {
        let driver = TokensDriver()
        try await driver.send(.update, "oidc/key/k", ["algorithm": "ES256", "verification_ttl": "1h"])
        #expect(await driver.refusal(.update, "oidc/role/r", ["key": "k", "ttl": "3601s"])?.code == .invalidRequest)
        try await driver.send(.update, "oidc/role/r", ["key": "k", "ttl": "1h"])
        #expect(await driver.refusal(.update, "oidc/key/k", ["verification_ttl": "3599s"])?.code == .invalidRequest)
        try await driver.send(.update, "oidc/key/k", ["verification_ttl": "3600s"])
    }

    @Test("a key is rotated by hand a bounded number of times")
    func bounded() async throws {
        let driver = TokensDriver()
        try await driver.send(.update, "oidc/key/k", ["algorithm": "EdDSA"])
        for _ in 0..<NamedKey.retiredMax { try await driver.send(.update, "oidc/key/k/rotate") }
        #expect(await driver.refusal(.update, "oidc/key/k/rotate")?.code == .invalidRequest)
        // In need, the key is withdrawn all the same.
        try await driver.send(.update, "oidc/key/k/rotate", ["verification_ttl": 0])
        driver.time.advance(seconds: 86_400)
        try await driver.send(.update, "oidc/key/k/rotate")
    }

    @Test("a damaged record is an error and no crash", arguments: ["{}", "[", "{\"current\":{}}"])
    func damaged(text: String) async throws {
        let driver = TokensDriver()
        var batch = Batch()
        batch.put("tokens/key/k", Array(text.utf8))
        try await driver.storage.commit(batch)
        #expect(await driver.refusal(.read, "oidc/key/k")?.code == .internal)
    }
}
