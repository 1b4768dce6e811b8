import EngineKit

/// What is known about this node's ability to serve: why it is sealed, whether the store accepts writes, and whether the node is
/// cut off from the store.
final class NodeStatus: Sendable {
    private struct State {
        var unsealsAutomatically = false
        var isStoreUninitialized = false
        /// Whether the configured seal is not the one that the store was sealed with.
        var needsSealMigration = false
        /// Whether the seal that the store was sealed with is missing from the configuration.
        var isStoredSealMissing = false
        /// Whether this process initialized the store and has not unsealed it yet.
        var awaitsFirstUnseal = false
        /// Whether a write failed and none has succeeded since.
        var suspectsWrites = false
        var failedProbes = 0
        var wasCutOff = false
    }

    /// The failures in a row after which the store counts as rejecting writes. A single write may fail because of congestion.
    private static let failedProbesMax = 2

    private let state = UnfairLock(State())

    // MARK: Sealed

    /// Whether the jobs try to unseal a sealed node. False for a node that somebody sealed, which stays sealed.
    var unsealsAutomatically: Bool { state.withLock { $0.unsealsAutomatically } }

    /// Sets whether the jobs try to unseal the node, and forgets why it could not be unsealed.
    func setAutomaticUnseal(_ isEnabled: Bool) {
        state.withLock { state in
            state.unsealsAutomatically = isEnabled
            // While attempts continue, this result of the last one holds until the next one ends.
            if !isEnabled { state.isStoreUninitialized = false }
            state.needsSealMigration = false
            state.isStoredSealMissing = false
        }
    }

    /// Sets whether the last attempt to unseal found an uninitialized store.
    func setStoreUninitialized(_ isUninitialized: Bool) { state.withLock { $0.isStoreUninitialized = isUninitialized } }

    /// Notes that the store has to be moved to the configured seal.
    func noteSealMigration() { state.withLock { $0.needsSealMigration = true } }

    /// Notes that the seal that the store was sealed with is missing from the configuration.
    func noteStoredSealMissing() { state.withLock { $0.isStoredSealMissing = true } }

    /// Notes that this process initialized the store.
    ///
    /// - Parameter needsShares: Whether the server stays sealed until key shares are given.
    func noteInitialized(needsShares: Bool) {
        state.withLock { state in
            state.awaitsFirstUnseal = true
            state.isStoreUninitialized = false
            if needsShares { state.unsealsAutomatically = false }
        }
    }

    /// Returns true once: at the first unseal of a store that this process initialized.
    func takeFirstUnseal() -> Bool {
        state.withLock { state in
            defer { state.awaitsFirstUnseal = false }
            return state.awaitsFirstUnseal
        }
    }

    /// Notes that the server was unsealed.
    func noteUnsealed() {
        state.withLock { state in
            state.isStoreUninitialized = false
            state.needsSealMigration = false
            state.isStoredSealMissing = false
        }
    }

    /// Returns the error for requests to the sealed node, which says how to unseal it.
    func sealedError(hasRecoveryKeys: Bool) -> CofferError {
        let state = state.withLock { $0 }
        if state.isStoredSealMissing {
            return CofferError(
                .sealed,
                "Coffer is sealed: the store was sealed with a seal that is not in the configuration. Put its seal block back, with "
                    + "disabled = \"true\" to change to another seal, and restart the server")
        }
        if state.needsSealMigration { return hasRecoveryKeys ? .waitsForUnsealKeys : .waitsForRecoveryKeys }
        if state.isStoreUninitialized {
            return CofferError(.sealed, "Coffer is sealed: it is not initialized. Run `coffer operator init`")
        }
        guard state.unsealsAutomatically else { return hasRecoveryKeys ? .sealedByHand : .sealed }
        return CofferError(
            .sealed, "Coffer is sealed: the last attempt to unseal automatically failed, and it is retried. See the server's log")
    }

    // MARK: Writes

    /// Notes that a write failed, so that the next job finds out whether the store accepts writes.
    func suspectWrites() { state.withLock { $0.suspectsWrites = true } }

    /// Whether a write failed and none has succeeded since.
    var suspectsWrites: Bool { state.withLock { $0.suspectsWrites } }

    /// Whether the last two or more probes of the store failed to write.
    var storeRejectsWrites: Bool { state.withLock { $0.failedProbes >= Self.failedProbesMax } }

    /// Notes that a probe succeeded, and returns whether the store counted as rejecting writes before.
    func noteWriteSucceeded() -> Bool {
        state.withLock { state in
            defer { (state.suspectsWrites, state.failedProbes) = (false, 0) }
            return state.failedProbes >= Self.failedProbesMax
        }
    }

    /// Notes that a probe failed, and returns whether the store counts as rejecting writes from now on.
    func noteWriteFailed() -> Bool {
        state.withLock { state in
            state.suspectsWrites = true
            state.failedProbes = min(state.failedProbes + 1, Self.failedProbesMax + 1)
            return state.failedProbes == Self.failedProbesMax
        }
    }

    // MARK: Connection to the store

    /// Notes whether the node is cut off from the store, and returns whether that changed.
    func noteCutOff(_ isCutOff: Bool) -> Bool {
        state.withLock { state in
            defer { state.wasCutOff = isCutOff }
            return state.wasCutOff != isCutOff
        }
    }
}
