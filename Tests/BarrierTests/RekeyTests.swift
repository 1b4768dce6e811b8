import Barrier
import EngineKit
import SecretMemory
import Testing

@Suite struct RekeyTests {
    private func submit(
        _ bench: Bench, _ shares: some Sequence<String>, _ nonce: String, _ target: RekeyTarget = .unsealKey
    ) async throws -> (shares: [String], verificationNonce: String?) {
        for share in shares {
            if case .complete(_, let made, let verification) = try await bench.controller.updateRekey(
                target, share: share, nonce: nonce)
            {
                return (made.map(\.hex), verification)
            }
        }
        throw SealError.noAttempt
    }

    private func expectOpens(_ bench: Bench, _ shares: some Sequence<String>) async throws {
        let second = bench.restarted()
        try await second.unseal(shares)
        #expect(try await second.read("a") == "1")
    }

    private func expectRefused(_ bench: Bench, _ shares: some Sequence<String>) async throws {
        await #expect(throws: SealError.self) { try await bench.restarted().unseal(shares) }
    }

    @Test func `replaces the shares, and the old ones open nothing`() async throws {
        let (bench, old) = try await Bench.open()
        try await bench.put("a", "1")
        let keyring = try #require(bench.store["core/keyring"])
        let status = try await bench.controller.startRekey(.unsealKey, ShareCount(shares: 4, threshold: 2))
        #expect(status.isStarted && status.required == 3 && status.shares == 4 && status.threshold == 2)
        let new = try await submit(bench, old.prefix(3), status.nonce)
        #expect(new.shares.count == 4 && new.verificationNonce == nil)
        #expect(try await !bench.controller.rekeyStatus(.unsealKey).isStarted)
        try await expectOpens(bench, new.shares.prefix(2))
        try await expectRefused(bench, old.prefix(3))
        // The root key is new too: the keyring of yesterday's backup does not open under it.
        bench.store["core/keyring"] = keyring
        try await expectRefused(bench, new.shares.prefix(2))
    }

    @Test func `goes on working after the rekey`() async throws {
        let (bench, old) = try await Bench.open()
        let status = try await bench.controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1))
        let new = try await submit(bench, old.prefix(3), status.nonce)
        try await bench.put("a", "1")
        #expect(try await bench.controller.rotate().term == 2)
        try await bench.put("b", "2")
        try await expectOpens(bench, new.shares)
    }

    @Test func `with verification counts only when the new shares came back`() async throws {
        let (bench, old) = try await Bench.open()
        try await bench.put("a", "1")
        let controller = bench.controller
        let status = try await controller.startRekey(
            .unsealKey, ShareCount(shares: 3, threshold: 2), requiresVerification: true)
        await #expect(throws: SealError.noVerification) { _ = try await controller.rekeyVerification(.unsealKey) }
        let new = try await submit(bench, old.prefix(3), status.nonce)
        let first = try #require(new.verificationNonce)
        try await expectOpens(bench, old.prefix(3))
        try await expectRefused(bench, new.shares.prefix(2) + old.prefix(1))

        await #expect(throws: SealError.wrongNonce) {
            _ = try await controller.verifyRekey(.unsealKey, share: new.shares[0], nonce: status.nonce)
        }
        let wrong = String(repeating: "ab", count: 32) + "07"
        _ = try await controller.verifyRekey(.unsealKey, share: new.shares[0], nonce: first)
        await #expect(throws: SealError.wrongShares) {
            _ = try await controller.verifyRekey(.unsealKey, share: wrong, nonce: first)
        }
        #expect(try await controller.rekeyVerification(.unsealKey).progress == 0)
        let restarted = try await controller.restartRekeyVerification(.unsealKey)
        #expect(restarted.nonce != first)
        #expect(try await !controller.verifyRekey(.unsealKey, share: new.shares[2], nonce: restarted.nonce).isComplete)
        #expect(try await controller.verifyRekey(.unsealKey, share: new.shares[1], nonce: restarted.nonce).isComplete)
        try await expectOpens(bench, new.shares.prefix(2))
        try await expectRefused(bench, old.prefix(3))
    }

    @Test func `is cancelled before verification without a trace`() async throws {
        let (bench, old) = try await Bench.open()
        try await bench.put("a", "1")
        let status = try await bench.controller.startRekey(
            .unsealKey, ShareCount(shares: 1, threshold: 1), requiresVerification: true)
        let new = try await submit(bench, old.prefix(3), status.nonce)
        await #expect(throws: SealError.wrongNonce) { try await bench.controller.cancelRekey(.unsealKey, nonce: "x") }
        try await bench.controller.cancelRekey(.unsealKey, nonce: status.nonce)
        await #expect(throws: SealError.noAttempt) {
            _ = try await bench.controller.verifyRekey(.unsealKey, share: new.shares[0], nonce: new.verificationNonce ?? "")
        }
        try await expectOpens(bench, old.prefix(3))
    }

    @Test func `keeps the old shares when the commit fails`() async throws {
        let (bench, old) = try await Bench.open()
        try await bench.put("a", "1")
        let nonce = try await bench.controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1)).nonce
        bench.store.fail(at: 1)
        await #expect(throws: SealError.self) { _ = try await submit(bench, old.prefix(3), nonce) }
        bench.store.fail(at: nil)
        try await expectOpens(bench, old.prefix(3))
        let new = try await submit(bench, old.prefix(3), nonce)
        try await expectOpens(bench, new.shares)
    }

    @Test func `gives the new shares out when the store wrote them but could not tell`() async throws {
        let (bench, old) = try await Bench.open()
        try await bench.put("a", "1")
        let nonce = try await bench.controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1)).nonce
        bench.store.fail(at: 1, afterWriting: true)
        let new = try await submit(bench, old.prefix(3), nonce)
        bench.store.fail(at: nil)
        try await expectOpens(bench, new.shares)
        #expect(try await bench.controller.rotate().term == 2)
    }

    @Test func `replaces the recovery shares of a static seal`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 3, threshold: 2))
        let old = made.recoveryShares.map(\.hex)
        await #expect(throws: SealError.self) {
            _ = try await bench.controller.startRekey(.unsealKey, ShareCount(shares: 1, threshold: 1))
        }
        let nonce = try await bench.controller.startRekey(.recoveryKey, ShareCount(shares: 5, threshold: 3)).nonce
        let new = try await submit(bench, old.prefix(2), nonce, .recoveryKey)
        #expect(try await bench.controller.status().threshold == 3)
        let root = try await bench.controller.startRootGeneration(otp: nil, otpLength: 1).nonce
        for (share, isComplete) in zip(new.shares, [false, false, true]) {
            #expect(
                try await bench.controller.updateRootGeneration(share: share, nonce: root) { _ in "x" }.isComplete == isComplete)
        }
        let again = try await bench.controller.startRekey(.recoveryKey, ShareCount(shares: 1, threshold: 1)).nonce
        await #expect(throws: SealError.wrongShares) { _ = try await submit(bench, old.prefix(3), again, .recoveryKey) }
    }

    @Test func `refuses wrong shares, a wrong nonce, a second attempt, PGP and the wrong kind of seal`() async throws {
        let (bench, old) = try await Bench.open()
        let controller = bench.controller
        let count = try ShareCount(shares: 1, threshold: 1)
        await #expect(throws: SealError.noAttempt) { _ = try await controller.updateRekey(.unsealKey, share: old[0], nonce: "") }
        await #expect(throws: SealError.self) { _ = try await controller.startRekey(.unsealKey, count, pgpKeys: ["x"]) }
        await #expect(throws: SealError.self) { _ = try await controller.startRekey(.unsealKey, count, backup: true) }
        await #expect(throws: SealError.self) { _ = try await controller.startRekey(.recoveryKey, count) }
        let nonce = try await controller.startRekey(.unsealKey, count).nonce
        await #expect(throws: SealError.attemptInProgress) { _ = try await controller.startRekey(.unsealKey, count) }
        await #expect(throws: SealError.wrongNonce) { _ = try await controller.updateRekey(.unsealKey, share: old[0], nonce: "x") }
        let wrong = ["ab07", "cd09", "ef0b"].map { String(repeating: String($0.prefix(2)), count: 32) + $0.suffix(2) }
        await #expect(throws: SealError.wrongShares) { _ = try await submit(bench, wrong, nonce) }
        #expect(try await controller.rekeyStatus(.unsealKey).progress == 0)
        await controller.seal()
        await #expect(throws: SealError.sealed) { _ = try await controller.rekeyStatus(.unsealKey) }
    }
}
