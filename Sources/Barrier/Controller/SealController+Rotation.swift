import EngineKit

extension SealController {
    /// Adds a term, which encrypts from now on. Old records stay readable; ``reseal(batchSize:onProgress:)`` encrypts
    /// them again.
    package func rotate() async throws(SealError) -> KeyStatus {
        try await takeTurn()
        defer { passTurn() }
        let keyring = try openKeyring()
        let rotated = try keyring.rotated(version: barrier.stamp(), time: time.now(), randomness: randomness)
        try await store(rotated, replacing: keyring)
        return KeyStatus(rotated.current)
    }

    /// Returns the number, age and use of the term that encrypts new values.
    package nonisolated func keyStatus() throws(SealError) -> KeyStatus {
        do throws(StorageError) {
            return try barrier.keyStatus()
        } catch {
            throw .sealed
        }
    }

    /// Stores the number of encryptions if it changed, because a crash would lose it. To be called regularly.
    package func storeUsage() async throws(SealError) {
        try await takeTurn()
        defer { passTurn() }
        let keyring = try openKeyring()
        guard keyring.hasUnstoredUsage else { return }
        do throws(SealError) {
            try await store(try keyring.restored(version: barrier.stamp()), replacing: keyring)
        } catch .storage(.conflict) {
            // Another node stored its count first. This node's count was added to it, and is stored the next time.
        }
    }

    /// Reads the keyring again after another node changed it.
    ///
    /// This does not wait for its turn. Whoever has the turn may be writing, and a write is complete only when the
    /// change feed, which calls this function, has processed it. The keyring that was read replaces the one in use only
    /// if that is still the one from before the read; otherwise it is read again.
    package func reloadKeyring() async throws(SealError) {
        while true {
            let keyring = try openKeyring()
            let reloaded: Keyring
            // A record may arrive before the news of the key that it is encrypted with.
            (base as? any CachingStorage)?.invalidate(CoreKey.ofKeys)
            do throws(SealError) {
                reloaded = try await storedKeyring(keyring)
            } catch {
                // A rekey on this node replaced the root key between two reads.
                if let now = try? openKeyring(), now !== keyring { continue }
                throw error
            }
            reloaded.addUsage(since: keyring)
            if barrier.replace(keyring, with: reloaded) || barrier.isSealed { return }
        }
    }

    /// Returns the stored keyring. Reads again if the seal changed between reading the seal and reading the keyring,
    /// which are two records.
    private func storedKeyring(_ open: Keyring) async throws(SealError) -> Keyring {
        var stored = try await loadStored()
        while true {
            do throws(SealError) {
                return try await keyring(of: stored, open)
            } catch {
                // The seal and the keyring may have been changed between the two reads.
                let again = try await loadStored()
                guard again.sealVersion != stored.sealVersion else { throw error }
                stored = again
            }
        }
    }

    /// Decrypts the stored keyring with the root key in use, with the one that this node is writing, or, with an
    /// auto-unseal seal, with the one that another node wrote.
    private func keyring(of stored: StoredSeal, _ open: Keyring) async throws(SealError) -> Keyring {
        do throws(SealError) {
            return try await stored.openKeyring(root: open.root, in: base)
        } catch {
            if let incomingRoot, let keyring = try? await stored.openKeyring(root: incomingRoot, in: base) { return keyring }
            guard stored.seal.kind.unsealsAutomatically else { throw error }
            return try await stored.openKeyring(root: try await unwrapAutomatically(stored), in: base)
        }
    }

    /// Stores the number of encryptions of `keyring`, which is no longer in use.
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

    /// Stores `keyring` and then uses it. A server that was sealed meanwhile stays sealed.
    func store(_ keyring: Keyring, replacing old: Keyring) async throws(SealError) {
        var batch = Batch()
        batch.put(
            CoreKey.keyring, try keyring.sealedRecord(version: keyring.version, randomness: randomness),
            if: .version(old.version), version: keyring.version)
        batch.put(CoreKey.terms, TermChecks(keyring).encoded(), version: keyring.version)
        do throws(SealError) {
            try await base.write(batch)
        } catch {
            // Another node changed the keys first, or an earlier write succeeded although the store reported that it
            // was unavailable.
            if case .storage(.conflict) = error { try? await reloadKeyring() }
            throw error
        }
        use(keyring, inPlaceOf: old)
    }

    /// Uses `keyring`, which was written on the condition that the store held `old`.
    ///
    /// Meanwhile, ``reloadKeyring()`` may have installed another copy of `old`, the keyring that was written, or a
    /// later one of another node. Only a copy of `old` is replaced.
    func use(_ keyring: Keyring, inPlaceOf old: Keyring) {
        guard let open = try? openKeyring(), open.version == old.version else { return }
        // Encryptions before the exchange of the copies are counted twice, which is better than not counting those
        // after it.
        if open !== old { keyring.addUsage(since: open) }
        barrier.replace(open, with: keyring)
    }
}
