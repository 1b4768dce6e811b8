import EngineKit

extension SealController {
    /// A new term, which seals from now on. Old records stay readable; ``reseal(batch:onProgress:)`` moves them.
    package func rotate() async throws(SealError) -> KeyStatus {
        try await takeTurn()
        defer { passTurn() }
        let keyring = try openKeyring()
        let rotated = try keyring.rotated(version: barrier.stamp(), time: time.now(), randomness: randomness)
        try await store(rotated, replacing: keyring)
        return KeyStatus(rotated.current)
    }

    package nonisolated func keyStatus() throws(SealError) -> KeyStatus {
        do throws(StorageError) {
            return try barrier.keyStatus()
        } catch {
            throw .sealed
        }
    }

    /// Stores the count of encryptions, if there were any, which is lost in a crash otherwise. For a job every now and then.
    package func storeUsage() async throws(SealError) {
        try await takeTurn()
        defer { passTurn() }
        let keyring = try openKeyring()
        guard keyring.hasUnstoredUsage else { return }
        try await store(try keyring.restored(version: barrier.stamp()), replacing: keyring)
    }

    /// Reads the keyring again, after another node rotated it.
    package func reloadKeyring() async throws(SealError) {
        try await takeTurn()
        defer { passTurn() }
        let keyring = try openKeyring()
        let reloaded = try await loadStored().openKeyring(root: keyring.root, in: base)
        if !barrier.isSealed { barrier.install(reloaded) }
    }

    func storeUsage(of keyring: Keyring) async throws(SealError) {
        guard keyring.hasUnstoredUsage else { return }
        try await takeTurn()
        defer { passTurn() }
        var batch = Batch()
        let version = barrier.stamp()
        batch.put(
            CoreKey.keyring, try keyring.restored(version: version).sealedRecord(version: version, randomness: randomness),
            if: .version(keyring.version), version: version)
        try await base.write(batch)
    }

    /// On disk first, then in use. A server that was sealed meanwhile stays sealed.
    func store(_ keyring: Keyring, replacing old: Keyring) async throws(SealError) {
        var batch = Batch()
        batch.put(
            CoreKey.keyring, try keyring.sealedRecord(version: keyring.version, randomness: randomness),
            if: .version(old.version), version: keyring.version)
        batch.put(CoreKey.terms, TermChecks(keyring).encoded(), version: keyring.version)
        do throws(SealError) {
            try await base.write(batch)
        } catch {
            // Another node was first, or an earlier write was done although the store could not tell.
            if case .storage(.conflict) = error, let stored = try? await loadStored(),
                let reloaded = try? await stored.openKeyring(root: old.root, in: base)
            {
                barrier.replace(old, with: reloaded)
            }
            throw error
        }
        barrier.replace(old, with: keyring)
    }
}
