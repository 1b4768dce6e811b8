import EngineKit
import SecretMemory

extension SealController {
    /// Starts a rekey that will split the new key as `count` says.
    ///
    /// - Throws: ``SealError/attemptInProgress``, or ``SealError/notSupported(_:)`` for PGP keys, a backup, or a key
    /// that the stored seal does not have.
    package func startRekey(
        _ target: RekeyTarget, _ count: ShareCount, requiresVerification: Bool = false, pgpKeys: [String] = [],
        backup: Bool = false
    ) async throws(SealError) -> RekeyStatus {
        guard pgpKeys.isEmpty, !backup else {
            throw .notSupported("PGP keys and backups of new keys are not supported; leave out 'pgp_keys' and 'backup'")
        }
        let old = try await rekeyQuorumCount(target)
        expire()
        guard rekeys[target] == nil else { throw .attemptInProgress }
        rekeys[target] = Rekey(
            old: KeyQuorum(nonce: randomness.uuid(), count: old, started: time.now()), newCount: count,
            requiresVerification: requiresVerification)
        return rekeyStatus(target, required: old.threshold)
    }

    /// Returns the state of a rekey. For the unseal key of an auto-unseal seal, which has none, the state says that no
    /// attempt is in progress.
    package func rekeyStatus(_ target: RekeyTarget) async throws(SealError) -> RekeyStatus {
        let stored = try await loadStored()
        guard target == .unsealKey && stored.seal.kind.unsealsAutomatically else {
            let old = try await rekeyQuorumCount(target)
            expire()
            return rekeyStatus(target, required: old.threshold)
        }
        guard !barrier.isSealed else { throw .sealed }
        return RekeyStatus(required: stored.quorumCount?.threshold ?? 0)
    }

    /// Discards an attempt, also new shares that are not verified. The old shares stay valid. Throws
    /// ``SealError/wrongNonce`` if `nonce` is given and names another attempt.
    package func cancelRekey(_ target: RekeyTarget, nonce: String? = nil) throws(SealError) {
        if let nonce, let attempt = rekeys[target], attempt.old.nonce != nonce { throw .wrongNonce }
        rekeys[target] = nil
    }

    /// Adds a share of the old key, and makes the new key with the last one that is needed. Wrong shares are all
    /// discarded.
    package func updateRekey(_ target: RekeyTarget, share: String, nonce: String) async throws(SealError) -> RekeyProgress {
        try await takeTurn()
        defer { passTurn() }
        let stored = try await loadStored()
        let keyring = try openKeyring()
        expire()
        guard var attempt = rekeys[target], attempt.pending == nil else { throw .noAttempt }
        guard attempt.old.nonce == nonce else { throw .wrongNonce }
        let outcome: KeyQuorum.Outcome
        do {
            defer { rekeys[target] = attempt }
            outcome = try attempt.old.submit(share)
        }
        guard case .complete(let oldKey) = outcome else {
            return .needsMore(rekeyStatus(target, required: attempt.old.count.threshold))
        }
        guard try await stored.accepts(oldKey, keyring: keyring) else { throw .wrongShares }
        guard rekeys[target]?.old.nonce == nonce else { throw .noAttempt }
        let key = randomness.secret()
        let shares = attempt.newCount.split(key, randomness: randomness)
        guard attempt.requiresVerification else {
            try await replaceKey(target, by: key, count: attempt.newCount, in: stored, keyring)
            rekeys[target] = nil
            return .complete(nonce: nonce, shares: shares, verificationNonce: nil)
        }
        let quorum = KeyQuorum(nonce: randomness.uuid(), count: attempt.newCount, started: time.now())
        attempt.pending = Rekey.Pending(key: key, quorum: quorum)
        rekeys[target] = attempt
        return .complete(nonce: nonce, shares: shares, verificationNonce: quorum.nonce)
    }

    /// Returns the state of the verification. Throws ``SealError/noVerification`` if there is none.
    package func rekeyVerification(_ target: RekeyTarget) async throws(SealError) -> RekeyVerification {
        _ = try await rekeyQuorumCount(target)
        expire()
        guard let quorum = rekeys[target]?.pending?.quorum else { throw .noVerification }
        return verification(quorum, isComplete: false)
    }

    /// Discards the new shares that were submitted for verification. They can be submitted again under the nonce that
    /// is returned.
    package func restartRekeyVerification(_ target: RekeyTarget) async throws(SealError) -> RekeyVerification {
        guard let quorum = rekeys[target]?.pending?.quorum else { throw .noAttempt }
        let restarted = KeyQuorum(nonce: randomness.uuid(), count: quorum.count, started: time.now())
        rekeys[target]?.pending?.quorum = restarted
        return verification(restarted, isComplete: false)
    }

    /// Adds a share of the new key. With the last one that is needed, the new key replaces the old one. Wrong shares
    /// are all discarded.
    package func verifyRekey(
        _ target: RekeyTarget, share: String, nonce: String
    ) async throws(SealError) -> RekeyVerification {
        try await takeTurn()
        defer { passTurn() }
        let stored = try await loadStored()
        let keyring = try openKeyring()
        expire()
        guard var pending = rekeys[target]?.pending else { throw .noAttempt }
        guard pending.quorum.nonce == nonce else { throw .wrongNonce }
        let outcome: KeyQuorum.Outcome
        do {
            defer { rekeys[target]?.pending = pending }
            outcome = try pending.quorum.submit(share)
        }
        guard case .complete(let key) = outcome else { return verification(pending.quorum, isComplete: false) }
        let isSame = key.withBytes { key in pending.key.withBytes { constantTimeEqual(key, $0) } }
        guard isSame else { throw .wrongShares }
        try await replaceKey(target, by: pending.key, count: pending.quorum.count, in: stored, keyring)
        rekeys[target] = nil
        return verification(pending.quorum, isComplete: true)
    }
}

extension SealController {
    private func replaceKey(
        _ target: RekeyTarget, by key: SecretBytes, count: ShareCount, in stored: StoredSeal, _ keyring: Keyring
    ) async throws(SealError) {
        switch target {
        case .unsealKey: try await replaceUnsealKey(by: key, count: count, stored, keyring)
        case .recoveryKey: try await replaceRecoveryKey(by: key, count: count, stored, keyring)
        }
    }

    /// Also replaces the root key, because whoever has the old shares and an old copy of the database knows that one.
    private func replaceUnsealKey(
        by key: SecretBytes, count: ShareCount, _ stored: StoredSeal, _ keyring: Keyring
    ) async throws(SealError) {
        let version = barrier.stamp()
        let rewrapped = try keyring.replacingRoot(randomness.secret(), version: version)
        let record = try await sealRecord(of: ShamirSeal(unsealKey: key), count: count, keyring: rewrapped).encoded()
        var batch = Batch()
        batch.put(CoreKey.seal, record, if: .version(stored.sealVersion), version: version)
        batch.put(
            CoreKey.keyring, try rewrapped.sealedRecord(version: version, randomness: randomness),
            if: .version(keyring.version), version: version)
        incomingRoot = rewrapped.root
        defer { incomingRoot = nil }
        try await base.write(batch, confirming: CoreKey.seal, holds: record)
        use(rewrapped, inPlaceOf: keyring)
    }

    private func replaceRecoveryKey(
        by key: SecretBytes, count: ShareCount, _ stored: StoredSeal, _ keyring: Keyring
    ) async throws(SealError) {
        let record = try RecoveryRecord(
            key, count: count, instance: keyring.instance, root: keyring.root, randomness: randomness
        ).encoded()
        var batch = Batch()
        batch.put(
            CoreKey.recovery, record, if: stored.recoveryVersion.map { .version($0) } ?? .absent, version: barrier.stamp())
        try await base.write(batch, confirming: CoreKey.recovery, holds: record)
    }

    /// Returns how many shares of the old key a rekey needs.
    private func rekeyQuorumCount(_ target: RekeyTarget) async throws(SealError) -> ShareCount {
        let stored = try await loadStored()
        guard !barrier.isSealed else { throw .sealed }
        switch (target, stored.seal.kind.unsealsAutomatically) {
        case (.unsealKey, true):
            throw .notSupported(
                "an auto-unseal seal has no unseal shares; rekey the recovery key, or configure a new key for the seal")
        case (.recoveryKey, false):
            throw .notSupported("a Shamir seal has no recovery key; rekey its unseal key with `coffer operator rekey`")
        default: break
        }
        guard let count = stored.quorumCount else { throw .notSupported(Self.noRecoveryKeys) }
        return count
    }

    /// Returns the state of the attempt, or an empty one.
    private func rekeyStatus(_ target: RekeyTarget, required: Int) -> RekeyStatus {
        guard let attempt = rekeys[target] else { return RekeyStatus(required: required) }
        return RekeyStatus(
            nonce: attempt.old.nonce, isStarted: true, shares: attempt.newCount.shares, threshold: attempt.newCount.threshold,
            progress: attempt.old.progress, required: required, requiresVerification: attempt.requiresVerification,
            verificationNonce: attempt.pending?.quorum.nonce ?? "")
    }

    private func verification(_ quorum: KeyQuorum, isComplete: Bool) -> RekeyVerification {
        RekeyVerification(
            nonce: quorum.nonce, isStarted: !isComplete, shares: quorum.count.shares, threshold: quorum.count.threshold,
            progress: isComplete ? quorum.count.threshold : quorum.progress, isComplete: isComplete)
    }
}
