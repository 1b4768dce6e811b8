import EngineKit
import SecretMemory

/// Changes a store from a Shamir seal to an auto-unseal seal, and back. The same people keep the same shares: those of
/// the unseal key become those of the recovery key, and the other way round.
extension SealController {
    /// Whether the configured seal is of another kind than the stored one.
    func isMigrating(_ stored: StoredSeal) -> Bool { configured.kind != stored.seal.kind }

    /// Encrypts the root key with the configured seal, stores it and returns the keys. `quorumKey` is the unseal key or
    /// the recovery key that the shares gave.
    func migrated(_ stored: StoredSeal, quorumKey: SecretBytes) async throws(SealError) -> Keyring {
        stored.seal.kind.unsealsAutomatically
            ? try await migratedToShares(stored, recoveryKey: quorumKey)
            : try await migratedFromShares(stored, unsealKey: quorumKey)
    }

    private func migratedFromShares(_ stored: StoredSeal, unsealKey: SecretBytes) async throws(SealError) -> Keyring {
        let root = try await ShamirSeal(unsealKey: unsealKey).unwrap(stored.seal.wrapped, stored.context)
        let keyring = try await stored.openKeyring(root: root, in: base)
        let single = try ShareCount(shares: 1, threshold: 1)
        let record = try await sealRecord(of: configured, count: single, keyring: keyring)
        let recovery = try RecoveryRecord(
            unsealKey, count: stored.seal.count, instance: keyring.instance, root: root, randomness: randomness)
        var batch = Batch()
        let version = barrier.stamp()
        batch.put(CoreKey.seal, record.encoded(), if: .version(stored.sealVersion), version: version)
        batch.put(CoreKey.recovery, recovery.encoded(), version: version)
        try await base.write(batch)
        return keyring
    }

    private func migratedToShares(_ stored: StoredSeal, recoveryKey: SecretBytes) async throws(SealError) -> Keyring {
        let root = try await unwrapAutomatically(stored)
        let keyring = try await stored.openKeyring(root: root, in: base)
        guard let recovery = stored.recovery, try await stored.accepts(recoveryKey, keyring: keyring) else {
            throw .wrongShares
        }
        let record = try await sealRecord(of: ShamirSeal(unsealKey: recoveryKey), count: recovery.count, keyring: keyring)
        var batch = Batch()
        batch.put(CoreKey.seal, record.encoded(), if: .version(stored.sealVersion), version: barrier.stamp())
        batch.delete(CoreKey.recovery)
        try await base.write(batch)
        return keyring
    }
}
