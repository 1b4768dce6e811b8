import Barrier
import EngineKit
import Foundation
import TestSupport
import Testing

@Suite struct RootGenerationTests {
    static let token = "cof.0123456789abcdef"

    private func submit(_ bench: Bench, _ shares: some Sequence<String>, _ nonce: String) async throws -> RootGenerationStatus? {
        var status: RootGenerationStatus?
        for share in shares {
            status = try await bench.controller.updateRootGeneration(share: share, nonce: nonce) { _ in Self.token }
        }
        return status
    }

    private func unmask(_ encoded: String, _ otp: String) throws -> String {
        let padded = encoded + String(repeating: "=", count: (4 - encoded.count % 4) % 4)
        let masked = try #require(Data(base64Encoded: padded))
        return String(decoding: zip(masked, otp.utf8).map(^), as: UTF8.self)
    }

    @Test(arguments: [24, 26, 28, 64]) func `makes a token as long as the password that was brought`(length: Int) async throws {
        let (bench, shares) = try await Bench.open()
        let otp = String(repeating: "q", count: length)
        let nonce = try await bench.controller.startRootGeneration(otp: otp, otpLength: 58).nonce
        for share in shares.prefix(3) {
            let status = try await bench.controller.updateRootGeneration(share: share, nonce: nonce) {
                String(repeating: "t", count: $0)
            }
            if status.isComplete { #expect(try unmask(status.encodedToken, otp) == String(repeating: "t", count: length)) }
        }
    }

    @Test(arguments: [0, 1, 23, 65, 4_096]) func `refuses a password that is too short or too long`(length: Int) async throws {
        let (bench, _) = try await Bench.open()
        await #expect(throws: SealError.invalidOTP(lengthsAllowed: 24...64)) {
            _ = try await bench.controller.startRootGeneration(otp: String(repeating: "q", count: length), otpLength: 58)
        }
    }

    @Test(arguments: [true, false]) func `gives a token masked by the one-time password`(_ makesOTP: Bool) async throws {
        let (bench, shares) = try await Bench.open()
        let length = Self.token.utf8.count
        let given = String(repeating: "q", count: length)
        var status = try await bench.controller.startRootGeneration(otp: makesOTP ? nil : given, otpLength: length)
        #expect(status.isStarted && status.required == 3 && status.progress == 0 && status.otp.isEmpty != makesOTP)
        let otp = makesOTP ? status.otp : given
        #expect(otp.utf8.count == length)
        status = try #require(try await submit(bench, shares.prefix(2), status.nonce))
        #expect(status.progress == 2 && !status.isComplete && status.encodedToken.isEmpty)
        #expect(try await bench.controller.rootGenerationStatus(otpLength: length).otp.isEmpty)
        status = try #require(try await submit(bench, shares[2...2], status.nonce))
        #expect(status.isComplete && status.progress == 3)
        #expect(try unmask(status.encodedToken, otp) == Self.token)
        #expect(try await !bench.controller.rootGenerationStatus(otpLength: length).isStarted)
    }

    @Test func `makes no token of wrong shares and drops them all`() async throws {
        let (bench, shares) = try await Bench.open()
        let nonce = try await bench.controller.startRootGeneration(otp: nil, otpLength: 20).nonce
        let wrong = String(repeating: "ab", count: 32) + "07"
        _ = try await submit(bench, shares.prefix(2), nonce)
        await #expect(throws: SealError.wrongShares) {
            try await bench.controller.updateRootGeneration(share: wrong, nonce: nonce) { _ in
                Issue.record("a token was made")
                return Self.token
            }
        }
        #expect(try await bench.controller.rootGenerationStatus(otpLength: 20).progress == 0)
        #expect(try await submit(bench, shares.prefix(3), nonce)?.isComplete == true)
    }

    @Test func `wants the recovery shares with a static seal`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 3, threshold: 2))
        let status = try await bench.controller.startRootGeneration(otp: nil, otpLength: 20)
        #expect(status.required == 2)
        #expect(try await submit(bench, made.recoveryShares.prefix(2).map(\.hex), status.nonce)?.isComplete == true)
    }

    @Test func `does not take a recovery key that was put into the database`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let attacker = Bench(seal: try .test("k1"), seed: 2)
        _ = try await bench.controller.initialize(secret: nil, recovery: ShareCount(shares: 1, threshold: 1))
        let made = try await attacker.controller.initialize(secret: nil, recovery: ShareCount(shares: 1, threshold: 1))
        bench.store["core/recovery"] = attacker.store["core/recovery"]
        let nonce = try await bench.controller.startRootGeneration(otp: nil, otpLength: 20).nonce
        await #expect(throws: SealError.corrupted("core/recovery")) {
            _ = try await submit(bench, made.recoveryShares.map(\.hex), nonce)
        }
    }

    @Test func `refuses a second attempt, a wrong nonce, PGP and a wrong length`() async throws {
        let (bench, shares) = try await Bench.open()
        let controller = bench.controller
        await #expect(throws: SealError.noAttempt) { _ = try await submit(bench, shares.prefix(1), "x") }
        await #expect(throws: SealError.self) { _ = try await controller.startRootGeneration(otp: nil, otpLength: 20, pgpKey: "x") }
        await #expect(throws: SealError.invalidOTP(lengthsAllowed: SealController.otpLengths)) {
            _ = try await controller.startRootGeneration(otp: "short", otpLength: 20)
        }
        let nonce = try await controller.startRootGeneration(otp: nil, otpLength: 20).nonce
        await #expect(throws: SealError.attemptInProgress) { _ = try await controller.startRootGeneration(otp: nil, otpLength: 20) }
        await #expect(throws: SealError.wrongNonce) { _ = try await submit(bench, shares.prefix(1), nonce + "x") }
        await controller.cancelRootGeneration()
        await #expect(throws: SealError.noAttempt) { _ = try await submit(bench, shares.prefix(1), nonce) }
    }

    @Test func `is over at seal and after a day`() async throws {
        let (bench, shares) = try await Bench.open()
        _ = try await bench.controller.startRootGeneration(otp: nil, otpLength: 20)
        await bench.controller.seal()
        await #expect(throws: SealError.sealed) { _ = try await bench.controller.rootGenerationStatus(otpLength: 20) }
        try await bench.unseal(shares.prefix(3))
        #expect(try await !bench.controller.rootGenerationStatus(otpLength: 20).isStarted)
        _ = try await bench.controller.startRootGeneration(otp: nil, otpLength: 20)
        bench.time.advance(seconds: SealController.attemptSecondsMax + 1)
        #expect(try await !bench.controller.rootGenerationStatus(otpLength: 20).isStarted)
    }
}
