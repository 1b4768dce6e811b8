import EngineKit
import Lifetimes
import SecretMemory
import TestSupport
import Testing

/// Records stay until a job removes them, so none of these may depend on the record being gone.
@Suite("Tokens past their end whose records are still there") struct EndedTokenTests {
    private let time = ManualTime()
    private let tokens: TokenStore

    init() {
        tokens = TokenStore(
            storage: StampingStorage(MemoryStorage()), key: SecretBytes([UInt8](repeating: 7, count: 32)), time: time,
            randomness: SeededRandomness(seed: 11))
    }

    private func token(seconds: Int, uses: Int = 0) async throws -> (token: String, entry: TokenEntry) {
        let made = try await tokens.create(parent: nil, displayName: "", policies: ["p"], path: "auth/token/create") { entry in
            entry.expiresAt = time.now().adding(seconds: seconds)
            entry.isRenewable = true
            entry.usesLeft = uses
        }
        return try #require(made)
    }

    private func renew(_ entry: TokenEntry, increment: Int, maxTTL: Int = 1_000) async throws -> TokenLifetime? {
        let terms = RenewalTerms(ttl: 60, maxTTL: maxTTL, explicitMaxTTL: 0, period: 0, boundCIDRs: [])
        return try await tokens.renew(id: entry.id, increment: increment, terms: terms)?.lifetime
    }

    @Test("are not renewed")
    func renewal() async throws {
        let made = try await token(seconds: 60)
        time.advance(seconds: 59)
        #expect(try await renew(made.entry, increment: 60)?.ttl == 60)
        time.advance(seconds: 60)
        #expect(try await renew(made.entry, increment: 60) == nil)
        #expect(try await tokens.entry(id: made.entry.id) != nil)
        #expect(try await tokens.find(made.token) == nil)
    }

    @Test("had no more time than the mount's maximum of the day of the renewal")
    func maximum() async throws {
        let made = try await token(seconds: 500)
        time.advance(seconds: 100)
        #expect(try await renew(made.entry, increment: 500, maxTTL: 300)?.ttl == 200)
        time.advance(seconds: 199)
        #expect(try await tokens.find(made.token) != nil)
        time.advance(seconds: 1)
        #expect(try await tokens.find(made.token) == nil)
        #expect(try await tokens.entry(id: made.entry.id) != nil)
    }

    @Test("spend no use beyond their last")
    func uses() async throws {
        let made = try await token(seconds: 60, uses: 2)
        #expect(try await tokens.spendUse(made.entry)?.usesLeft == 1)
        #expect(try await tokens.spendUse(made.entry)?.usesLeft == -1)
        // As a request does that found the token before its last use was spent.
        for _ in 0..<2 { #expect(try await tokens.spendUse(made.entry) == nil) }
        #expect(try await tokens.entry(id: made.entry.id)?.usesLeft == -1)
    }

    @Test("end the batch tokens that they made")
    func batchTokens() async throws {
        let parent = try await token(seconds: 60)
        let batch = try #require(
            tokens.makeBatch(parentID: parent.entry.id, displayName: "", policies: ["p"], path: "auth/token/create") { entry in
                entry.expiresAt = time.now().adding(seconds: 500)
            })
        time.advance(seconds: 59)
        #expect(try await tokens.find(batch.token) != nil)
        time.advance(seconds: 1)
        #expect(try await tokens.find(batch.token) == nil)
    }

    @Test("give out no wrapped answer, under their own text or a new one")
    func wrapping() async throws {
        let made = try await tokens.makeWrapping(path: "secret/data/a", ttl: 60, content: [1, 2])
        let waiting = try await tokens.makeWrapping(path: "secret/data/a", ttl: 61, content: [3])
        time.advance(seconds: 60)
        #expect(try await tokens.wrapping(id: made.entry.id) == nil)
        #expect(try await tokens.rewrap(id: made.entry.id) == nil)
        #expect(try await tokens.takeWrapped(id: made.entry.id) == nil)
        #expect(try await tokens.takeWrapped(id: waiting.entry.id) == [3])
    }

    @Test("neither make leases nor renew those they made")
    func leases() async throws {
        let leases = LeaseStore(tokens: tokens)
        let made = try await token(seconds: 60)
        let draft = leases.draft(
            path: "db/creds/a", token: made.entry, mountID: "m", mountPath: "db/", grant: LeaseGrant(ttl: 100), defaultTTL: 100,
            maxTTL: 1_000)
        let lease = try #require(try await leases.register(draft))
        time.advance(seconds: 60)
        let (entry, version) = try #require(try await leases.read(lease.id))
        #expect(try await leases.renew(entry, version: version, grant: LeaseGrant(ttl: 100)) == nil)
        let another = leases.draft(
            path: "db/creds/b", token: made.entry, mountID: "m", mountPath: "db/", grant: LeaseGrant(ttl: 100), defaultTTL: 100,
            maxTTL: 1_000)
        #expect(try await leases.register(another) == nil)
    }

    @Test("are wrapping tokens that no holder could have narrowed")
    func narrowed() async throws {
        let made = try #require(
            try await tokens.create(
                parent: nil, displayName: "", policies: [TokenStore.wrappingPolicy], path: "secret/data/a", configure: { _ in }))
        #expect(!made.entry.capabilityKey.isEmpty && !made.entry.mayBeNarrowed)
        #expect(try await token(seconds: 60).entry.mayBeNarrowed)
    }
}
