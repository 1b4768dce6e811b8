import EngineKit
import Syntax

extension SealController {
    /// What a caller brings as its one-time password. The token is made as long as it is, so the shortest still has the
    /// strength of 128 bits.
    package static let otpLengths = 24...64

    /// The token that is made will be as long as `otp`; without one it is made here, in the usual length, and given back once.
    package func startRootGeneration(
        otp: String?, otpLength: Int, pgpKey: String? = nil
    ) async throws(SealError) -> RootGenerationStatus {
        guard pgpKey == nil else { throw .notSupported("PGP is not supported: use an OTP") }
        if let otp, otp.utf8.count != otpLength, !Self.otpLengths.contains(otp.utf8.count) {
            throw .invalidOTP(lengthsAllowed: Self.otpLengths)
        }
        let count = try await openQuorumCount()
        expire()
        guard rootGeneration == nil else { throw .attemptInProgress }
        let made = otp ?? randomText(otpLength)
        let quorum = KeyQuorum(nonce: randomness.uuid(), count: count, started: time.now())
        rootGeneration = RootGeneration(quorum: quorum, otp: Array(made.utf8))
        var status = status(required: count.threshold, otpLength: otpLength)
        if otp == nil { status.otp = made }
        return status
    }

    package func rootGenerationStatus(otpLength: Int) async throws(SealError) -> RootGenerationStatus {
        let count = try await openQuorumCount()
        expire()
        return status(required: count.threshold, otpLength: otpLength)
    }

    package func cancelRootGeneration() { rootGeneration = nil }

    /// Takes one share. With the last one, when the quorum is right, `makeToken` makes the token; its errors come
    /// through as they are, and its token must be as long as the one-time password. Wrong shares are all dropped.
    package func updateRootGeneration(
        share: String, nonce: String, makeToken: @Sendable (Int) async throws -> String
    ) async throws -> RootGenerationStatus {
        let stored = try await loadStored()
        let keyring = try openKeyring()
        expire()
        guard var attempt = rootGeneration else { throw SealError.noAttempt }
        guard attempt.quorum.nonce == nonce else { throw SealError.wrongNonce }
        let outcome: KeyQuorum.Outcome
        do {
            defer { rootGeneration = attempt }
            outcome = try attempt.quorum.submit(share)
        }
        let required = attempt.quorum.count.threshold
        guard case .complete(let key) = outcome else { return status(required: required, otpLength: attempt.otp.count) }
        guard try await stored.accepts(key, keyring: keyring) else { throw SealError.wrongShares }
        // Cancelled, or the server sealed, while the key was checked.
        guard rootGeneration?.quorum.nonce == nonce, !barrier.isSealed else { throw SealError.noAttempt }
        rootGeneration = nil
        guard let encoded = attempt.mask(try await makeToken(attempt.otp.count)) else {
            throw SealError.invalidOTP(lengthsAllowed: Self.otpLengths)
        }
        return RootGenerationStatus(
            nonce: nonce, isStarted: true, isComplete: true, progress: required, required: required,
            otpLength: attempt.otp.count, encodedToken: encoded)
    }

    private func status(required: Int, otpLength: Int) -> RootGenerationStatus {
        guard let attempt = rootGeneration else { return RootGenerationStatus(required: required, otpLength: otpLength) }
        return RootGenerationStatus(
            nonce: attempt.quorum.nonce, isStarted: true, progress: attempt.quorum.progress, required: required,
            otpLength: otpLength)
    }

    /// How many shares a quorum takes. Fails while sealed.
    private func openQuorumCount() async throws(SealError) -> ShareCount {
        let stored = try await loadStored()
        guard !barrier.isSealed else { throw .sealed }
        guard let count = stored.quorumCount else { throw .notSupported("this store has no recovery keys") }
        return count
    }

    private func randomText(_ length: Int) -> String {
        let alphabet = Array(ASCII.lettersAndDigits.utf8)
        return String(decoding: (0..<length).map { _ in alphabet[randomness.index(below: alphabet.count)] }, as: UTF8.self)
    }
}
