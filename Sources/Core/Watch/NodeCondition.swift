import EngineKit

/// What keeps this node from doing its work, beside its seal and its place among the others.
final class NodeCondition: Sendable {
    private struct State {
        /// The jobs try to open it while it is sealed.
        var opensByItself = false
        var waitsForStore = false
        /// The configured seal is another than the stored one.
        var waitsForMigration = false
        /// The seal that the store was sealed with is not in the configuration.
        var lacksStoredSeal = false
        /// This process has initialized the store, and has not opened it yet.
        var isFresh = false
        /// A write failed, and it is not known yet whether the next will.
        var isSuspect = false
        var failedProbes = 0
        var wasCutOff = false
    }

    /// One may fail because too many wait at that moment.
    private static let failedProbesMax = 2

    private let state = UnfairLock(State())

    // MARK: Opening

    var mayOpenByItself: Bool { state.withLock { $0.opensByItself } }

    /// False for a server that somebody sealed: it stays so.
    func opensByItself(_ does: Bool) {
        state.withLock { state in
            state.opensByItself = does
            // What was found at the last attempt holds until the next has found something else.
            if !does { state.waitsForStore = false }
            state.waitsForMigration = false
            state.lacksStoredSeal = false
        }
    }

    /// Whether the store was seen not to be initialized.
    func waitsForStore(_ does: Bool) { state.withLock { $0.waitsForStore = does } }

    func waitsForMigration() { state.withLock { $0.waitsForMigration = true } }
    /// The seal that the store was sealed with is not in the configuration.
    func lacksStoredSeal() { state.withLock { $0.lacksStoredSeal = true } }

    /// Somebody made it. With key shares it stays shut until they are given.
    func storeIsMade(needsShares: Bool) {
        state.withLock { state in
            state.isFresh = true
            state.waitsForStore = false
            if needsShares { state.opensByItself = false }
        }
    }

    /// True at the first opening of a store that this process has initialized.
    func takeFreshness() -> Bool {
        state.withLock { state in
            defer { state.isFresh = false }
            return state.isFresh
        }
    }

    func opened() {
        state.withLock { state in
            state.waitsForStore = false
            state.waitsForMigration = false
            state.lacksStoredSeal = false
        }
    }

    /// Says what helps.
    func refusalWhileSealed(hasRecoveryKeys: Bool) -> CofferError {
        let (waits, opens, migrates) = state.withLock { ($0.waitsForStore, $0.opensByItself, $0.waitsForMigration) }
        if state.withLock({ $0.lacksStoredSeal }) {
            return CofferError(
                .sealed,
                "Coffer is sealed: the store was sealed with a seal that is not in the configuration. Put its seal block back, with "
                    + "disabled = \"true\" to change to another seal, and restart the server")
        }
        if migrates { return hasRecoveryKeys ? .waitsForUnsealKeys : .waitsForRecoveryKeys }
        if waits {
            return CofferError(.sealed, "Coffer is sealed: it is not initialized. Run `coffer operator init`")
        }
        guard opens else { return hasRecoveryKeys ? .sealedByHand : .sealed }
        return CofferError(.sealed, "Coffer is sealed: it could not open with its seal and tries again. See the server's log")
    }

    // MARK: Writing

    func suspect() { state.withLock { $0.isSuspect = true } }
    var isSuspect: Bool { state.withLock { $0.isSuspect } }
    /// Writes failed again and again, the last time a second ago.
    var refusesWrites: Bool { state.withLock { $0.failedProbes >= Self.failedProbesMax } }

    /// True when that is news.
    func writesSucceed() -> Bool {
        state.withLock { state in
            defer { (state.isSuspect, state.failedProbes) = (false, 0) }
            return state.failedProbes >= Self.failedProbesMax
        }
    }

    /// True when that is news.
    func writeFailed() -> Bool {
        state.withLock { state in
            state.isSuspect = true
            state.failedProbes = min(state.failedProbes + 1, Self.failedProbesMax + 1)
            return state.failedProbes == Self.failedProbesMax
        }
    }

    // MARK: Its place

    /// True when that is news.
    func noteCutOff(_ isCutOff: Bool) -> Bool {
        state.withLock { state in
            defer { state.wasCutOff = isCutOff }
            return state.wasCutOff != isCutOff
        }
    }
}
