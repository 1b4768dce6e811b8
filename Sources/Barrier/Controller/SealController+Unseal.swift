import EngineKit
import SecretMemory

/// The result of ``SealController/unsealAutomatically()``.
package enum UnsealOutcome: Sendable, Hashable {
    case unsealed
    case notInitialized
    /// Key shares must be submitted.
    case needsShares
    /// The configured seal differs from the stored one: key shares must be submitted with `migrate`.
    case needsMigration
    /// The store needs an auto-unseal seal that is not in the configuration, so nothing can open it.
    case needsStoredSeal
}

extension SealController {
    /// Opens the barrier if no key shares are needed; called when the server starts. Also encrypts the root key again
    /// if the seal's key was replaced.
    package func unsealAutomatically() async throws(SealError) -> UnsealOutcome {
        try await takeTurn()
        defer { passTurn() }
        guard barrier.isSealed else { return .unsealed }
        guard let stored = try await StoredSeal.load(base) else { return .notInitialized }
        if isMigrating(stored) { return lacksSeal(of: stored) ? .needsStoredSeal : .needsMigration }
        guard stored.seal.kind.unsealsAutomatically else { return .needsShares }
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

    /// Adds a key share in hex or base64: of the unseal key, or of the recovery key with an auto-unseal seal.
    ///
    /// With the last one that is needed, the barrier opens. Shares that do not open it are all discarded. An open
    /// barrier ignores the share and returns its status. `migrate` must be true exactly if the configured seal is of
    /// another kind than the stored one.
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
            } else if stored.seal.kind.unsealsAutomatically {
                barrier.install(try await reopened(stored, recoveryKey: key))
            } else {
                barrier.install(try await opened(stored, unsealKey: key))
            }
        }
        return try await status()
    }

    /// Discards the shares that were submitted so far.
    package func resetUnseal() async throws(SealError) -> SealStatus {
        unsealing = nil
        return try await status()
    }

    /// Adds a share to the attempt, and starts one if there is none.
    private func submitUnsealShare(_ share: String, count: ShareCount) throws(SealError) -> KeyQuorum.Outcome {
        var attempt = unsealing ?? KeyQuorum(nonce: randomness.uuid(), count: count, started: time.now())
        if attempt.count != count { attempt = KeyQuorum(nonce: randomness.uuid(), count: count, started: time.now()) }
        defer { unsealing = attempt.progress == 0 ? nil : attempt }
        return try attempt.submit(share)
    }

    /// Decrypts the keys with the unseal key.
    private func opened(_ stored: StoredSeal, unsealKey: SecretBytes) async throws(SealError) -> Keyring {
        let root = try await ShamirSeal(unsealKey: unsealKey).unwrap(stored.seal.wrapped, stored.context)
        return try await stored.openKeyring(root: root, in: base)
    }

    /// Decrypts the keys with the seal's own key, after checking the recovery key. An auto-unseal seal opens the
    /// barrier at start; after an operator sealed it, only the holders of the recovery key may open it again.
    private func reopened(_ stored: StoredSeal, recoveryKey: SecretBytes) async throws(SealError) -> Keyring {
        let keyring = try await stored.openKeyring(root: try await unwrapAutomatically(stored), in: base)
        guard try await stored.accepts(recoveryKey, keyring: keyring) else { throw .wrongShares }
        return keyring
    }

    /// Whether only an auto-unseal seal that is neither configured nor named as the previous one can decrypt the
    /// store's root key.
    private func lacksSeal(of stored: StoredSeal) -> Bool {
        stored.seal.kind.unsealsAutomatically && configured.kind != stored.seal.kind && previousSeal?.kind != stored.seal.kind
    }

    /// Decrypts the root key with the key of the configured seal, or of the previous one.
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
