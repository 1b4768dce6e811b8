package import EngineKit
package import SecretMemory

/// The key shares of a new store, which are returned only once.
package struct InitialKeys: Sendable {
    /// The shares of the unseal key; empty with an auto-unseal seal.
    package var unsealShares: [SecretBytes] = []
    /// The shares of the recovery key; empty with a Shamir seal.
    package var recoveryShares: [SecretBytes] = []
}

extension SealController {
    /// Makes the keys and stores them together with the first records in one commit.
    ///
    /// `firstRecords` receives an open barrier with the new keys; the batch that it returns is encrypted and committed
    /// with them, and its errors are rethrown. With a Shamir seal, `secret` counts the unseal shares, and the barrier
    /// stays sealed. With an auto-unseal seal, `recovery` (or `secret`, if that is nil) counts the recovery shares, and
    /// the barrier is open afterwards.
    ///
    /// - Throws: ``SealError/alreadyInitialized`` if the store has a seal, also one that another node wrote meanwhile.
    package func initialize(
        secret: ShareCount?,
        recovery: ShareCount? = nil,
        alsoWriting firstRecords: @Sendable (Barrier) async throws -> Batch = { _ in Batch() }
    ) async throws -> InitialKeys {
        try await takeTurn()
        defer { passTurn() }
        guard try await base.read(CoreKey.seal) == nil else { throw SealError.alreadyInitialized }
        let unsealsAutomatically = configured.kind.unsealsAutomatically
        guard let count = unsealsAutomatically ? recovery ?? secret : secret else {
            throw SealError.invalidShareCount("shares must be at least one")
        }
        let keyring = try Keyring.make(version: barrier.stamp(), time: time.now(), randomness: randomness)
        let quorumKey = randomness.secret()
        var (batch, record) = try await firstCoreRecords(keyring, quorumKey: quorumKey, count: count)
        // Requests keep finding a sealed barrier until the keys are on disk.
        let first = Barrier(base: base, randomness: randomness, time: time)
        first.install(keyring)
        for mutation in try first.sealed(try await firstRecords(first)).mutations { batch.append(mutation) }
        try await commitFirst(batch, seal: record)
        let shares = count.split(quorumKey, randomness: randomness)
        guard unsealsAutomatically else { return InitialKeys(unsealShares: shares) }
        barrier.install(keyring)
        return InitialKeys(recoveryShares: shares)
    }

    /// Returns the records below `core/` of a new store, and the value of `core/seal` among them.
    private func firstCoreRecords(
        _ keyring: Keyring, quorumKey: SecretBytes, count: ShareCount
    ) async throws(SealError) -> (Batch, [UInt8]) {
        let version = keyring.version
        var batch = Batch()
        batch.put(CoreKey.instance, keyring.instance, if: .absent, version: version)
        batch.put(
            CoreKey.keyring, try keyring.sealedRecord(version: version, randomness: randomness), if: .absent, version: version)
        batch.put(CoreKey.terms, TermChecks(keyring).encoded(), if: .absent, version: version)
        let record: SealRecord
        if configured.kind.unsealsAutomatically {
            record = try await sealRecord(of: configured, count: ShareCount(shares: 1, threshold: 1), keyring: keyring)
            let recovery = try RecoveryRecord(
                quorumKey, count: count, instance: keyring.instance, root: keyring.root, randomness: randomness)
            batch.put(CoreKey.recovery, recovery.encoded(), if: .absent, version: version)
        } else {
            record = try await sealRecord(of: ShamirSeal(unsealKey: quorumKey), count: count, keyring: keyring)
        }
        batch.put(CoreKey.seal, record.encoded(), if: .absent, version: version)
        return (batch, record.encoded())
    }

    /// Writes the first records. Throws ``SealError/alreadyInitialized`` if another node wrote its own first.
    private func commitFirst(_ batch: Batch, seal: [UInt8]) async throws(SealError) {
        do throws(SealError) {
            try await base.write(batch, confirming: CoreKey.seal, holds: seal)
        } catch {
            if case .storage(.conflict(let key)) = error, CoreKey.owns(key) { throw .alreadyInitialized }
            throw error
        }
    }

    /// Encrypts the root key with `seal` and returns the record of the seal.
    func sealRecord(of seal: any Seal, count: ShareCount, keyring: Keyring) async throws(SealError) -> SealRecord {
        let context = SealContext(
            instance: keyring.instance, kind: seal.kind, shares: count.shares, threshold: count.threshold)
        let wrapped = try await seal.wrap(keyring.root, context, randomness: randomness)
        return SealRecord(kind: seal.kind, count: count, wrapped: wrapped)
    }
}
