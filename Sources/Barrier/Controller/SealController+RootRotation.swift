import EngineKit
import SecretMemory

extension SealController {
    /// A new root key under the same seal, without anybody's share: for a seal that opens by itself, which can wrap it.
    ///
    /// The old root key opens no keyring that is stored from now on. The encryption keys stay as they are: whoever has an old
    /// keyring too is shut out only by rotating those, with `sys/rotate/keyring`.
    package func rotateRoot() async throws(SealError) {
        try await takeTurn()
        defer { passTurn() }
        // Another node may have changed the keys.
        try await reloadKeyring()
        let stored = try await loadStored()
        let keyring = try openKeyring()
        guard stored.seal.kind.opensByItself else {
            // The unseal key is in nobody's memory, so nothing but its shares can bring it here to wrap the new key.
            throw .notSupported(
                "with a Shamir seal the root key is rotated with key shares: use `coffer operator rekey`, or sys/rotate/root/init")
        }
        guard configured.kind == stored.seal.kind else { throw .migrationPending }
        // A node that still runs with the previous key alone could not follow.
        guard configured.previousKeyID == nil else {
            throw .notSupported(
                "while the seal's key is being changed: take previous_key out of every node's configuration first")
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
            let moved = try recovery.moved(
                from: keyring.root, to: rewrapped.root, instance: keyring.instance, randomness: randomness)
            batch.put(CoreKey.recovery, moved.encoded(), if: .version(recoveryVersion), version: version)
        }
        incomingRoot = rewrapped.root
        defer { incomingRoot = nil }
        do throws(SealError) {
            try await base.write(batch, confirming: CoreKey.seal, holds: record)
        } catch {
            // Another node was first.
            if case .storage(.conflict) = error { try? await reloadKeyring() }
            throw error
        }
        use(rewrapped, inPlaceOf: keyring)
    }
}
