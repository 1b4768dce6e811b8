import EngineKit
import SecretMemory

/// What `unsealAutomatically()` found.
package enum UnsealOutcome: Sendable, Hashable {
    case unsealed
    case notInitialized
    /// Shares must be submitted.
    case needsShares
    /// Shares must be submitted with the word to migrate.
    case needsMigration
    /// The seal that the store was sealed with is not in the configuration, so nothing can open it.
    case needsStoredSeal
}

extension SealController {
    /// For the start of the server: opens the barrier if that takes nobody, and wraps the root key again if the seal's
    /// key was replaced.
    package func unsealAutomatically() async throws(SealError) -> UnsealOutcome {
        try await takeTurn()
        defer { passTurn() }
        guard barrier.isSealed else { return .unsealed }
        guard let stored = try await StoredSeal.load(base) else { return .notInitialized }
        if isMigrating(stored) { return lacksSeal(of: stored) ? .needsStoredSeal : .needsMigration }
        guard stored.seal.kind.opensByItself else { return .needsShares }
        let root = try await unwrapAutomatically(stored)
        let keyring = try await stored.openKeyring(root: root, in: base)
        if !configured.isCurrent(stored.seal.wrapped) {
            let record = try await sealRecord(of: configured, count: stored.seal.count, keyring: keyring)
            var batch = Batch()
            batch.put(CoreKey.seal, record.encoded(), if: .version(stored.sealVersion), version: barrier.stamp())
            try await base.write(batch)
        }
        barrier.install(keyring)
        return .unsealed
    }

    /// Takes one share, in hex or base64: of the unseal key, or of the recovery key with a seal that opens by itself. With the last one that is needed the barrier opens; when the shares do not
    /// open it, all are dropped. An open barrier takes no share and just tells its status.
    @discardableResult
    package func unseal(share: String, migrate: Bool = false) async throws(SealError) -> SealStatus {
        let stored = try await loadStored()
        guard barrier.isSealed else { return status(stored) }
        expire()
        let isMigrating = isMigrating(stored)
        if lacksSeal(of: stored) { throw .storedSealMissing }
        if isMigrating && !migrate { throw .migrationPending }
        if migrate && !isMigrating { throw .noMigrationPending }
        guard let count = stored.quorumCount else { throw .corrupted(CoreKey.recovery) }
        guard case .complete(let key) = try submitUnsealShare(share, count: count) else { return status(stored) }
        try await takeTurn()
        defer { passTurn() }
        if barrier.isSealed {
            if isMigrating {
                barrier.install(try await migrated(stored, quorumKey: key))
            } else if stored.seal.kind.opensByItself {
                barrier.install(try await reopened(stored, recoveryKey: key))
            } else {
                barrier.install(try await opened(stored, unsealKey: key))
            }
        }
        return try await status()
    }

    /// Drops the shares submitted so far.
    package func resetUnseal() async throws(SealError) -> SealStatus {
        unsealing = nil
        return try await status()
    }

    private func submitUnsealShare(_ share: String, count: ShareCount) throws(SealError) -> KeyQuorum.Outcome {
        var attempt = unsealing ?? KeyQuorum(nonce: randomness.uuid(), count: count, started: time.now())
        if attempt.count != count { attempt = KeyQuorum(nonce: randomness.uuid(), count: count, started: time.now()) }
        defer { unsealing = attempt.progress == 0 ? nil : attempt }
        return try attempt.submit(share)
    }

    private func opened(_ stored: StoredSeal, unsealKey: SecretBytes) async throws(SealError) -> Keyring {
        let root = try await ShamirSeal(unsealKey: unsealKey).unwrap(stored.seal.wrapped, stored.context)
        return try await stored.openKeyring(root: root, in: base)
    }

    /// A seal that opens by itself does so at start. Sealed by hand it stays shut until the holders of the recovery key say
    /// otherwise; the seal's own key then opens it.
    private func reopened(_ stored: StoredSeal, recoveryKey: SecretBytes) async throws(SealError) -> Keyring {
        let keyring = try await stored.openKeyring(root: try await unwrapAutomatically(stored), in: base)
        guard try await stored.accepts(recoveryKey, keyring: keyring) else { throw .wrongShares }
        return keyring
    }

    /// Returns whether the store's key can be had only from a seal that is neither configured nor named as the previous one.
    private func lacksSeal(of stored: StoredSeal) -> Bool {
        stored.seal.kind.opensByItself && configured.kind != stored.seal.kind && previousSeal?.kind != stored.seal.kind
    }

    /// The configured seal's key, or the previous seal's.
    func unwrapAutomatically(_ stored: StoredSeal) async throws(SealError) -> SecretBytes {
        guard configured.kind == stored.seal.kind else {
            guard let previousSeal else {
                throw .storedSealMissing
            }
            return try await previousSeal.unwrap(stored.seal.wrapped, stored.context)
        }
        do throws(SealError) {
            return try await configured.unwrap(stored.seal.wrapped, stored.context)
        } catch .unknownKeyID(let id) {
            guard let previousSeal, previousSeal.kind == stored.seal.kind else { throw .unknownKeyID(id) }
            return try await previousSeal.unwrap(stored.seal.wrapped, stored.context)
        }
    }
}
