package import EngineKit
import SecretMemory

/// Opens and closes the ``Barrier``, and everything `sys/` does to keys.
///
///     let barrier = Barrier(base: store, randomness: randomness, time: time)
///     let controller = SealController(barrier: barrier, base: store, seal: ShamirSeal(), randomness: randomness, time: time)
///     let made = try await controller.initialize(secret: .init(shares: 5, threshold: 3)) { barrier in firstRecords }
///     try await controller.unseal(share: "…")          // three times
///     await controller.seal()
///
/// With a seal that opens by itself, `unsealAutomatically()` is called once at start; it also wraps the root key again
/// when the seal's key was replaced. Where the configured seal is of another kind than the stored one, shares given with
/// `migrate: true` move the store to it (``SealStatus/isMigrating`` tells). `previousSeal` is the one to leave, where
/// it needs its own key: static to Shamir, or a static key under a new id.
///
/// Attempts (unseal, generate-root, rekey) hold shares in memory only, one attempt of each kind, each for at most
/// ``attemptSecondsMax``. What changes stored keys is one atomic batch on the condition that nobody else changed them.
package actor SealController {
    package static let attemptSecondsMax = 24 * 3_600

    package nonisolated let barrier: Barrier
    let base: any Storage
    let configured: any Seal
    let previousSeal: (any Seal)?
    let randomness: any Randomness
    let time: any TimeSource

    var unsealing: KeyQuorum?
    var rootGeneration: RootGeneration?
    var rekeys: [RekeyTarget: Rekey] = [:]
    var isResealing = false
    /// While a new root key is being written, which the store may already hold.
    var incomingRoot: SecretBytes?
    private var isTurnTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(
        barrier: Barrier,
        base: any Storage,
        seal: any Seal,
        previousSeal: (any Seal)? = nil,
        randomness: any Randomness,
        time: any TimeSource
    ) {
        self.barrier = barrier
        self.base = base
        configured = seal
        self.previousSeal = previousSeal
        self.randomness = randomness
        self.time = time
        barrier.rereadsKeys { [weak self] in try? await self?.reloadKeyring() }
    }

    /// Of the seal that is configured, whatever the store holds.
    package nonisolated var configuredKind: SealKind { configured.kind }

    /// The key that the configured seal held before, which is not needed once the store was opened.
    package nonisolated var previousKeyID: String? { configured.previousKeyID }

    /// Whether the store holds a seal. Reads the store while the answer is no.
    package nonisolated var isInitialized: Bool {
        get async throws(SealError) {
            if !barrier.isSealed { return true }
            return try await base.read(CoreKey.seal) != nil
        }
    }

    package func status() async throws(SealError) -> SealStatus {
        guard let stored = try await StoredSeal.load(base) else {
            return SealStatus(
                kind: configured.kind, isInitialized: false, isSealed: true, hasRecoverySeal: configured.kind.opensByItself)
        }
        expire()
        return status(stored)
    }

    /// Drops the keys, and every share gathered so far, at once; then tries to store the count of encryptions.
    package func seal() async {
        let keyring = barrier.dropKeys()
        unsealing = nil
        rootGeneration = nil
        rekeys = [:]
        if let keyring { try? await storeUsage(of: keyring) }
    }
}

extension SealController {
    func status(_ stored: StoredSeal) -> SealStatus {
        SealStatus(
            kind: stored.seal.kind,
            isInitialized: true,
            isSealed: barrier.isSealed,
            shares: stored.quorumCount?.shares ?? 0,
            threshold: stored.quorumCount?.threshold ?? 0,
            progress: unsealing?.progress ?? 0,
            nonce: unsealing?.nonce ?? "",
            isMigrating: barrier.isSealed && isMigrating(stored),
            hasRecoverySeal: stored.seal.kind.opensByItself,
            keyID: stored.seal.wrapped.keyID)
    }

    func loadStored() async throws(SealError) -> StoredSeal {
        guard let stored = try await StoredSeal.load(base) else { throw .notInitialized }
        return stored
    }

    func openKeyring() throws(SealError) -> Keyring {
        do throws(StorageError) {
            return try barrier.openKeyring()
        } catch {
            throw .sealed
        }
    }

    /// Forgets attempts that were left lying about.
    func expire() {
        let now = time.now()
        func isOver(_ started: Timestamp) -> Bool { now > started.adding(seconds: Self.attemptSecondsMax) }
        if let attempt = unsealing, isOver(attempt.started) { unsealing = nil }
        if let attempt = rootGeneration, isOver(attempt.quorum.started) { rootGeneration = nil }
        rekeys = rekeys.filter { !isOver($0.value.started) }
    }

    /// What changes stored keys takes turns, in order of arrival. Every `takeTurn` has its `passTurn`.
    func takeTurn() async throws(SealError) {
        guard isTurnTaken else {
            isTurnTaken = true
            return
        }
        guard waiting.count < 64 else { throw .tooBusy }
        await withCheckedContinuation { waiting.append($0) }
    }

    func passTurn() {
        if waiting.isEmpty { isTurnTaken = false } else { waiting.removeFirst().resume() }
    }
}
