import EngineKit
import Syntax

extension SealController {
    /// The lengths that a caller's one-time password may have, in bytes. The token is as long as the password, so that
    /// the shortest still has a strength of 128 bits.
    package static let otpLengths = 24...64

    /// Starts an attempt. The token will be as long as `otp`. If it is nil, a password of `otpLength` bytes is made,
    /// which only the returned status contains.
    ///
    /// - Throws: ``SealError/attemptInProgress``, ``SealError/invalidOTP(lengthsAllowed:)``, or
    /// ``SealError/notSupported(_:)`` for a PGP key.
    package func startRootGeneration(
        otp: String?, otpLength: Int, pgpKey: String? = nil
    ) async throws(SealError) -> RootGenerationStatus {
        guard pgpKey == nil else { throw .notSupported("PGP is not supported; leave out 'pgp_key' and use a one-time password") }
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

    /// Returns the state of the attempt. `otpLength` is the length to report without one.
    package func rootGenerationStatus(otpLength: Int) async throws(SealError) -> RootGenerationStatus {
        let count = try await openQuorumCount()
        expire()
        return status(required: count.threshold, otpLength: otpLength)
    }

    /// Discards the attempt and its shares.
    package func cancelRootGeneration() { rootGeneration = nil }

    /// Adds a share. When there are enough, and they give the right key, calls `makeToken` with the length that the
    /// token must have, and returns it masked. Errors of `makeToken` are rethrown. Wrong shares are all discarded.
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
        // The attempt may have been canceled, or the server sealed, while the key was checked.
        guard rootGeneration?.quorum.nonce == nonce, !barrier.isSealed else { throw SealError.noAttempt }
        rootGeneration = nil
        guard let encoded = attempt.mask(try await makeToken(attempt.otp.count)) else {
            throw SealError.invalidOTP(lengthsAllowed: Self.otpLengths)
        }
        return RootGenerationStatus(
            nonce: nonce, isStarted: true, isComplete: true, progress: required, required: required,
            otpLength: attempt.otp.count, encodedToken: encoded)
    }

    /// Returns the state of the attempt, or an empty one.
    private func status(required: Int, otpLength: Int) -> RootGenerationStatus {
        guard let attempt = rootGeneration else { return RootGenerationStatus(required: required, otpLength: otpLength) }
        return RootGenerationStatus(
            nonce: attempt.quorum.nonce, isStarted: true, progress: attempt.quorum.progress, required: required,
            otpLength: otpLength)
    }

    /// Returns how many shares a quorum needs. Throws ``SealError/sealed`` while the barrier is sealed.
    private func openQuorumCount() async throws(SealError) -> ShareCount {
        let stored = try await loadStored()
        guard !barrier.isSealed else { throw .sealed }
        guard let count = stored.quorumCount else { throw .notSupported(Self.noRecoveryKeys) }
        return count
    }

    /// Returns random letters and digits.
    private func randomText(_ length: Int) -> String {
        let alphabet = Array(ASCII.lettersAndDigits.utf8)
        return String(decoding: (0..<length).map { _ in alphabet[randomness.index(below: alphabet.count)] }, as: UTF8.self)
    }
}
