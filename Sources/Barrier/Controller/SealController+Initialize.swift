package import EngineKit
package import SecretMemory

/// What initialisation gives out, once: the shares of the unseal key, or of the recovery key with a seal that opens
/// by itself.
package struct InitialKeys: Sendable {
    package var unsealShares: [SecretBytes] = []
    package var recoveryShares: [SecretBytes] = []
}

extension SealController {
    /// Makes the keys and stores them together with the first records, all in one commit.
    ///
    /// `firstRecords` gets an open barrier of the new keys, for their subkeys; what it returns is sealed and
    /// committed with them. Its errors come through as they are. With a seal that opens by itself, `recovery` (or, when
    /// it is not given, `secret`) counts the recovery shares, and the barrier is open afterwards; with Shamir it stays sealed.
    package func initialize(
        secret: ShareCount?,
        recovery: ShareCount? = nil,
        alsoWriting firstRecords: @Sendable (Barrier) async throws -> Batch = { _ in Batch() }
    ) async throws -> InitialKeys {
        try await takeTurn()
        defer { passTurn() }
        guard try await base.read(CoreKey.seal) == nil else { throw SealError.alreadyInitialized }
        let opensByItself = configured.kind.opensByItself
        guard let count = opensByItself ? recovery ?? secret : secret else {
            throw SealError.invalidShareCount("shares must be at least one")
        }
        let keyring = try Keyring.make(version: barrier.stamp(), time: time.now(), randomness: randomness)
        let quorumKey = randomness.secret()
        var (batch, record) = try await firstCoreRecords(keyring, quorumKey: quorumKey, count: count)
        // The barrier of everybody else stays shut until the keys are on disk.
        let first = Barrier(base: base, randomness: randomness, time: time)
        first.install(keyring)
        for mutation in try first.sealed(try await firstRecords(first)).mutations { batch.append(mutation) }
        try await commitFirst(batch, seal: record)
        let shares = count.split(quorumKey, randomness: randomness)
        guard opensByItself else { return InitialKeys(unsealShares: shares) }
        barrier.install(keyring)
        return InitialKeys(recoveryShares: shares)
    }

    /// The records below `core/` of a new store, and what `core/seal` holds.
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
        if configured.kind.opensByItself {
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

    private func commitFirst(_ batch: Batch, seal: [UInt8]) async throws(SealError) {
        do throws(SealError) {
            try await base.write(batch, confirming: CoreKey.seal, holds: seal)
        } catch {
            if case .storage(.conflict(let key)) = error, CoreKey.owns(key) { throw .alreadyInitialized }
            throw error
        }
    }

    func sealRecord(of seal: any Seal, count: ShareCount, keyring: Keyring) async throws(SealError) -> SealRecord {
        let context = SealContext(
            instance: keyring.instance, kind: seal.kind, shares: count.shares, threshold: count.threshold)
        let wrapped = try await seal.wrap(keyring.root, context, randomness: randomness)
        return SealRecord(kind: seal.kind, count: count, wrapped: wrapped)
    }
}
