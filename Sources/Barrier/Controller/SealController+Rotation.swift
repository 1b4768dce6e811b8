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
        do throws(SealError) {
            try await store(try keyring.restored(version: barrier.stamp()), replacing: keyring)
        } catch .storage(.conflict) {
            // Another node stored its own count first; ours was added to what it stored, and comes with the next one.
        }
    }

    /// Reads the keyring again, after another node changed it.
    ///
    /// Takes no turn: whoever has it may be writing, and that write is answered only when the change feed, which calls this,
    /// has gone on. What is read takes the place of the keyring that was there before the reading, or it is read again.
    package func reloadKeyring() async throws(SealError) {
        while true {
            let keyring = try openKeyring()
            let reloaded: Keyring
            // A record may come before the news of the keys that it is sealed with.
            (base as? any CachingStorage)?.invalidate(CoreKey.ofKeys)
            do throws(SealError) {
                reloaded = try await storedKeyring(keyring)
            } catch {
                // A rekey here replaced the root key between two of the readings.
                if let now = try? openKeyring(), now !== keyring { continue }
                throw error
            }
            reloaded.addUsage(since: keyring)
            if barrier.replace(keyring, with: reloaded) || barrier.isSealed { return }
        }
    }

    /// By the root key that is open, by the one that is just being written in its place, or by the one that another node put
    /// under a seal that opens by itself.
    private func storedKeyring(_ open: Keyring) async throws(SealError) -> Keyring {
        var stored = try await loadStored()
        while true {
            do throws(SealError) {
                return try await keyring(of: stored, open)
            } catch {
                // Seal and keyring are two records, and were changed between the two readings.
                let again = try await loadStored()
                guard again.sealVersion != stored.sealVersion else { throw error }
                stored = again
            }
        }
    }

    private func keyring(of stored: StoredSeal, _ open: Keyring) async throws(SealError) -> Keyring {
        do throws(SealError) {
            return try await stored.openKeyring(root: open.root, in: base)
        } catch {
            if let incomingRoot, let keyring = try? await stored.openKeyring(root: incomingRoot, in: base) { return keyring }
            guard stored.seal.kind.opensByItself else { throw error }
            return try await stored.openKeyring(root: try await unwrapAutomatically(stored), in: base)
        }
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
            if case .storage(.conflict) = error { try? await reloadKeyring() }
            throw error
        }
        use(keyring, inPlaceOf: old)
    }

    /// After `keyring` was written on the condition that the store held `old`. Meanwhile ``reloadKeyring()`` may have put
    /// another copy of `old` in its place, or what was written, or what another node wrote after it; only the first must go.
    func use(_ keyring: Keyring, inPlaceOf old: Keyring) {
        guard let open = try? openKeyring(), open.version == old.version else { return }
        // What was sealed before the exchange of copies counts twice, rather than what was sealed since not at all.
        if open !== old { keyring.addUsage(since: open) }
        barrier.replace(open, with: keyring)
    }
}
