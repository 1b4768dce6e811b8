import Barrier
import EngineKit
import Testing

@Suite struct SealMigrationTests {
    @Test func `moves from shares to a static key, and the shares become recovery shares`() async throws {
        let (bench, shares) = try await Bench.open()
        try await bench.put("a", "1")
        let second = bench.restarted(seal: try .test("k1"))
        #expect(try await second.controller.unsealAutomatically() == .needsMigration)
        let status = try await second.controller.status()
        #expect(status.isMigrating && status.isSealed && status.kind == .shamir && status.threshold == 3)
        await #expect(throws: SealError.migrationPending) { try await second.controller.unseal(share: shares[0]) }
        try await second.unseal(shares.prefix(3), migrate: true)
        #expect(try await second.read("a") == "1")

        let third = bench.restarted(seal: try .test("k1"))
        #expect(try await third.controller.unsealAutomatically() == .unsealed)
        let after = try await third.controller.status()
        #expect(after.kind == .static && after.hasRecoverySeal && !after.isMigrating && after.shares == 5)
        try await expectQuorum(third, shares.suffix(3))
    }

    @Test func `a store whose seal is not configured any more takes no shares and says what is missing`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 1, threshold: 1))
        let second = bench.restarted()
        #expect(try await second.controller.unsealAutomatically() == .needsStoredSeal)
        for migrate in [false, true] {
            await #expect(throws: SealError.storedSealMissing) {
                try await second.controller.unseal(share: made.recoveryShares[0].hex, migrate: migrate)
            }
        }
    }

    @Test func `moves from a static key to shares, and the recovery shares open it`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 4, threshold: 2))
        let shares = made.recoveryShares.map(\.hex)
        try await bench.put("a", "1")
        let second = bench.restarted(previousSeal: try .test("k1"))
        #expect(try await second.controller.unsealAutomatically() == .needsMigration)
        try await second.unseal(shares.prefix(2), migrate: true)
        #expect(try await second.read("a") == "1")
        #expect(bench.store["core/recovery"] == nil)

        let third = bench.restarted()
        #expect(try await third.controller.unsealAutomatically() == .needsShares)
        try await third.unseal(shares.suffix(2))
        #expect(try await third.read("a") == "1")
        try await expectQuorum(third, shares.prefix(2))
    }

    @Test func `refuses wrong shares in both directions`() async throws {
        let wrong = ["ab07", "cd09", "ef0b"].map { String(repeating: String($0.prefix(2)), count: 32) + $0.suffix(2) }
        let (shamir, shares) = try await Bench.open()
        let toStatic = shamir.restarted(seal: try .test("k1"))
        await #expect(throws: SealError.wrongShares) { try await toStatic.unseal(wrong, migrate: true) }
        let automatic = Bench(seal: try .test("k1"))
        _ = try await automatic.controller.initialize(secret: nil, recovery: ShareCount(shares: 3, threshold: 3))
        let toShares = automatic.restarted(previousSeal: try .test("k1"))
        await #expect(throws: SealError.wrongShares) { try await toShares.unseal(wrong, migrate: true) }
        #expect(toStatic.barrier.isSealed && toShares.barrier.isSealed)
        // Nothing moved.
        try await shamir.restarted().unseal(shares.prefix(3))
        #expect(try await automatic.restarted(seal: try .test("k1")).controller.unsealAutomatically() == .unsealed)
    }

    @Test func `says that the key to leave is not configured`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 1, threshold: 1))
        let second = bench.restarted()
        await #expect(throws: SealError.self) { try await second.unseal(made.recoveryShares.map(\.hex), migrate: true) }
        #expect(second.barrier.isSealed)
    }

    @Test func `moves nothing when the commit fails`() async throws {
        let (bench, shares) = try await Bench.open()
        let before = bench.store.records
        bench.store.fail(at: 1)
        let second = bench.restarted(seal: try .test("k1"))
        await #expect(throws: SealError.self) { try await second.unseal(shares.prefix(3), migrate: true) }
        #expect(bench.store.records == before && second.barrier.isSealed)
        bench.store.fail(at: nil)
        try await second.unseal(shares.prefix(3), migrate: true)
        #expect(!second.barrier.isSealed)
    }

    @Test func `a static key under a new id opens through the previous seal`() async throws {
        let bench = Bench(seal: try .test("k1"))
        _ = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        let second = bench.restarted(seal: try .test("k2"), previousSeal: try .test("k1"))
        #expect(try await second.controller.unsealAutomatically() == .unsealed)
        #expect(try await bench.restarted(seal: try .test("k2")).controller.unsealAutomatically() == .unsealed)
    }

    private func expectQuorum(_ bench: Bench, _ shares: some Sequence<String>) async throws {
        let nonce = try await bench.controller.startRootGeneration(otp: "12345", otpLength: 5).nonce
        var isComplete = false
        for share in shares {
            isComplete = try await bench.controller.updateRootGeneration(share: share, nonce: nonce) { _ in "abcde" }.isComplete
        }
        #expect(isComplete)
    }
}
