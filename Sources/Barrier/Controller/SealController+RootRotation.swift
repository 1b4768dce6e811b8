import EngineKit
import SecretMemory

extension SealController {
    /// Replaces the root key without key shares, which an auto-unseal seal makes possible.
    ///
    /// The old root key decrypts no keyring that is stored from now on. The encryption keys stay as they are: somebody
    /// who also has an old keyring loses access only when those are rotated too, with `sys/rotate/keyring`.
    package func rotateRoot() async throws(SealError) {
        try await takeTurn()
        defer { passTurn() }
        // Another node may have changed the keys a moment ago.
        try await reloadKeyring()
        let stored = try await loadStored()
        let keyring = try openKeyring()
        guard stored.seal.kind.unsealsAutomatically else {
            // The server does not keep the unseal key, so the new root key can be encrypted only with key shares.
            throw .notSupported(
                "with a Shamir seal, rotating the root key needs key shares; use `coffer operator rekey` or sys/rotate/root/init")
        }
        guard configured.kind == stored.seal.kind else { throw .migrationPending }
        // A node that is configured with the previous key only could not decrypt the new root key.
        guard configured.previousKeyID == nil else {
            throw .notSupported(
                "the root key cannot be rotated while the seal's key is being replaced; first remove previous_key from the "
                    + "configuration of every node"
            )
        }
        let version = barrier.stamp()
        let rewrapped = try keyring.replacingRoot(randomness.secret(), version: version)
        let record = try await sealRecord(of: configured, count: stored.seal.count, keyring: rewrapped).encoded()
        var batch = Batch()
        batch.put(CoreKey.seal, record, if: .version(stored.sealVersion), version: version)
        batch.put(
            CoreKey.keyring, try rewrapped.sealedRecord(version: version, randomness: randomness),
            if: .version(keyring.version), version: version)
        if let recovery = stored.recovery, let recoveryVersion = stored.recoveryVersion {
            let reencrypted = try recovery.reencrypted(
                from: keyring.root, to: rewrapped.root, instance: keyring.instance, randomness: randomness)
            batch.put(CoreKey.recovery, reencrypted.encoded(), if: .version(recoveryVersion), version: version)
        }
        incomingRoot = rewrapped.root
        defer { incomingRoot = nil }
        do throws(SealError) {
            try await base.write(batch, confirming: CoreKey.seal, holds: record)
        } catch {
            // Another node changed the keys first.
            if case .storage(.conflict) = error { try? await reloadKeyring() }
            throw error
        }
        use(rewrapped, inPlaceOf: keyring)
    }
}
