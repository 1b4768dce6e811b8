import Barrier
import EngineKit
import TestSupport
import Testing

@Suite struct RootRotationTests {
    /// Open, with recovery shares and a record.
    private func opened(_ seal: StaticSeal) async throws -> (Bench, [String]) {
        let bench = Bench(seal: seal)
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 3, threshold: 2))
        try await bench.put("mount/a", "value")
        return (bench, made.recoveryShares.map(\.hex))
    }

    @Test func `puts a new root key under a seal that opens by itself, and everything opens as before`() async throws {
        let (bench, shares) = try await opened(.test("k1"))
        let before = ["core/seal", "core/keyring", "core/recovery"].map { bench.store[$0]?.value }
        try await bench.controller.rotateRoot()
        let after = ["core/seal", "core/keyring", "core/recovery"].map { bench.store[$0]?.value }
        for (old, new) in zip(before, after) { #expect(old != nil && new != nil && old != new) }
        #expect(try await bench.read("mount/a") == "value")
        try await bench.put("mount/b", "later")
        _ = try await bench.controller.rotate()
        let again = try bench.restarted(seal: .test("k1"))
        #expect(try await again.controller.unsealAutomatically() == .unsealed)
        #expect(try await again.read("mount/a") == "value")
        #expect(try await again.read("mount/b") == "later")
        // The recovery key is the one that its holders have.
        let attempt = try await again.controller.startRekey(.recoveryKey, ShareCount(shares: 1, threshold: 1))
        for share in shares.prefix(2) {
            _ = try await again.controller.updateRekey(.recoveryKey, share: share, nonce: attempt.nonce)
        }
    }

    @Test func `the old root key opens no keyring that is stored afterwards`() async throws {
        let (bench, _) = try await opened(.test("k1"))
        let old = try #require(bench.store["core/seal"])
        try await bench.controller.rotateRoot()
        bench.store["core/seal"] = old
        await #expect(throws: SealError.self) { try await bench.restarted(seal: .test("k1")).controller.unsealAutomatically() }
    }

    @Test func `is refused with shares, which alone can bring the unseal key here`() async throws {
        let (bench, shares) = try await Bench.open()
        let before = bench.store["core/seal"]?.value
        await #expect(throws: SealError.self) { try await bench.controller.rotateRoot() }
        #expect(bench.store["core/seal"]?.value == before)
        let again = bench.restarted()
        try await again.unseal(shares.prefix(3))
    }

    @Test func `is refused while sealed, and changes nothing when it cannot be written`() async throws {
        let (bench, _) = try await opened(.test("k1"))
        bench.store.fail(at: 1)
        await #expect(throws: SealError.self) { try await bench.controller.rotateRoot() }
        bench.store.fail(at: nil)
        #expect(try await bench.read("mount/a") == "value")
        await #expect(throws: SealError.self) { try await bench.restarted(seal: .test("k1")).controller.rotateRoot() }
        try await bench.controller.rotateRoot()
        #expect(try await bench.restarted(seal: .test("k1")).controller.unsealAutomatically() == .unsealed)
    }

    @Test func `another node follows it by the seal's own key`() async throws {
        let (bench, _) = try await opened(.test("k1"))
        let other = try bench.restarted(seal: .test("k1"))
        #expect(try await other.controller.unsealAutomatically() == .unsealed)
        try await bench.controller.rotateRoot()
        try await other.controller.reloadKeyring()
        #expect(try await other.read("mount/a") == "value")
        // And changes the keys itself from there.
        _ = try await other.controller.rotate()
        try await bench.controller.reloadKeyring()
        try await bench.put("mount/c", "third")
        #expect(try await other.read("mount/c") == "third")
        try await other.controller.rotateRoot()
        // Without having heard of it, and without undoing it.
        try await bench.controller.rotateRoot()
        try await other.controller.reloadKeyring()
        #expect(try await other.read("mount/c") == "third")
        #expect(try await bench.restarted(seal: .test("k1")).controller.unsealAutomatically() == .unsealed)
    }

    @Test func `tells the seal's key, and the one that is not needed any more`() async throws {
        let (bench, _) = try await opened(.test("k1"))
        #expect(try await bench.controller.status().keyID == "k1")
        #expect(bench.controller.previousKeyID == nil)
        let next = try bench.restarted(seal: .test("k2", previous: "k1"))
        #expect(try await next.controller.status().keyID == "k1")
        _ = try await next.controller.unsealAutomatically()
        #expect(try await next.controller.status().keyID == "k2")
        #expect(next.controller.previousKeyID == "k1")
        let last = try bench.restarted(seal: .test("k2"))
        #expect(try await last.controller.unsealAutomatically() == .unsealed)
        let (shamir, _) = try await Bench.open()
        #expect(try await shamir.controller.status().keyID == "")
    }
}
