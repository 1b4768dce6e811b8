import Barrier
import EngineKit
import TestSupport
import Testing

@Suite struct UnsealTests {
    private func sealed(shares: Int = 5, threshold: Int = 3) async throws -> (Bench, [String]) {
        let (bench, texts) = try await Bench.open(shares: shares, threshold: threshold)
        return (bench.restarted(), texts)
    }

    @Test func `counts progress under one nonce, in hex and base64`() async throws {
        let (bench, shares) = try await sealed()
        let first = try await bench.controller.unseal(share: shares[0])
        #expect(first.progress == 1 && first.isSealed && !first.nonce.isEmpty)
        let second = try await bench.controller.unseal(share: shares[1].uppercased())
        #expect(second.progress == 2 && second.nonce == first.nonce)
        let third = try await bench.controller.unseal(share: shares[2])
        #expect(!third.isSealed && third.progress == 0 && third.nonce.isEmpty)
        // An open barrier just says so.
        #expect(try await bench.controller.unseal(share: "anything").isSealed == false)
    }

    @Test func `counts the same share once`() async throws {
        let (bench, shares) = try await sealed()
        for _ in 0..<5 { #expect(try await bench.controller.unseal(share: shares[0]).progress == 1) }
        try await bench.unseal(shares[1...2])
        #expect(!bench.barrier.isSealed)
    }

    @Test func `starts again after a reset`() async throws {
        let (bench, shares) = try await sealed()
        try await bench.unseal(shares.prefix(2))
        let status = try await bench.controller.resetUnseal()
        #expect(status.progress == 0 && status.nonce.isEmpty)
        try await bench.unseal(shares.suffix(2))
        #expect(bench.barrier.isSealed)
        try await bench.unseal(shares.prefix(1))
        #expect(!bench.barrier.isSealed)
    }

    @Test func `drops all shares when one of them is wrong`() async throws {
        let (bench, shares) = try await sealed()
        let wrong = String(repeating: "ab", count: 32) + "07"
        try await bench.unseal([shares[0], shares[1]])
        await #expect(throws: SealError.wrongShares) { try await bench.controller.unseal(share: wrong) }
        #expect(try await bench.controller.status().progress == 0)
        #expect(bench.barrier.isSealed)
        try await bench.unseal(shares.prefix(3))
        #expect(!bench.barrier.isSealed)
    }

    @Test func `lets a share be corrected by another at its point`() async throws {
        let (bench, shares) = try await sealed()
        try await bench.unseal([String(repeating: "ab", count: 32) + shares[0].suffix(2)])
        #expect(try await bench.controller.unseal(share: shares[0]).progress == 1)
        try await bench.unseal(shares[1...2])
        #expect(!bench.barrier.isSealed)
    }

    @Test(arguments: [
        "", " ", "zz", "ab", String(repeating: "ab", count: 32), String(repeating: "ab", count: 34),
        String(repeating: "a", count: 65),
        String(repeating: "g", count: 66), "====", "not base64!", String(repeating: "ab", count: 100_000), "\u{0}", "ａｂｃ",
    ])
    func `refuses what is no share and keeps what it has`(_ text: String) async throws {
        let (bench, shares) = try await sealed()
        try await bench.unseal(shares.prefix(1))
        await #expect(throws: SealError.malformedShare) { try await bench.controller.unseal(share: text) }
        #expect(try await bench.controller.status().progress == 1)
    }

    @Test func `takes the key itself when there is one share`() async throws {
        let (bench, shares) = try await sealed(shares: 1, threshold: 1)
        #expect(shares[0].utf8.count == 64)
        await #expect(throws: SealError.wrongShares) {
            try await bench.controller.unseal(share: String(repeating: "ab", count: 32))
        }
        try await bench.unseal(shares)
        #expect(!bench.barrier.isSealed)
    }

    @Test func `forgets shares that lie about for a day`() async throws {
        let (bench, shares) = try await sealed()
        try await bench.unseal(shares.prefix(2))
        bench.time.advance(seconds: SealController.attemptSecondsMax + 1)
        #expect(try await bench.controller.status().progress == 0)
        #expect(try await bench.controller.unseal(share: shares[2]).progress == 1)
    }

    @Test func `refuses shares before there is a store`() async throws {
        await #expect(throws: SealError.notInitialized) { try await Bench().controller.unseal(share: "ab") }
        #expect(try await Bench().controller.unsealAutomatically() == .notInitialized)
    }

    @Test func `refuses the word to migrate when nothing migrates`() async throws {
        let (bench, shares) = try await sealed()
        await #expect(throws: SealError.noMigrationPending) {
            try await bench.controller.unseal(share: shares[0], migrate: true)
        }
        #expect(try await bench.controller.unsealAutomatically() == .needsShares)
    }

    @Test func `survives many shares at once`() async throws {
        let (bench, shares) = try await sealed(shares: 9, threshold: 5)
        await withTaskGroup(of: Void.self) { group in
            for share in shares { group.addTask { _ = try? await bench.controller.unseal(share: share) } }
        }
        #expect(!bench.barrier.isSealed)
    }
}
