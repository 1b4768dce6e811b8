package import EngineKit
import SecretMemory

/// Opens and seals the ``Barrier``, and performs the operations of `sys/` on its keys.
///
///     let barrier = Barrier(base: store, randomness: randomness, time: time)
///     let controller = SealController(barrier: barrier, base: store, seal: ShamirSeal(), randomness: randomness, time: time)
///     let made = try await controller.initialize(secret: .init(shares: 5, threshold: 3)) { barrier in firstRecords }
///     try await controller.unseal(share: "…")          // three times
///     await controller.seal()
///
/// With an auto-unseal seal, `unsealAutomatically()` is called once at start. It also encrypts the root key again after the
/// seal's key was replaced. If the configured seal is of another kind than the stored one, unsealing with `migrate: true`
/// changes the store to the configured seal (see ``SealStatus/isMigrating``). `previousSeal` is the seal that the store is
/// changed from. It is needed if its key is not a set of shares: from static to Shamir, or to a static key with another id.
///
/// An attempt (to unseal, to generate a root token, to rekey) keeps its shares in memory only, for at most
/// ``attemptSecondsMax``. There is one attempt of each kind at a time. Stored keys are changed in one atomic batch, on the
/// condition that nobody else changed them.
package actor SealController {
    /// How long an attempt lives, in seconds, after which its shares are discarded.
    package static let attemptSecondsMax = 24 * 3_600

    /// The message where recovery keys are needed and their record is missing.
    static let noRecoveryKeys = "the record of this store's recovery keys is missing; restore the database from a backup"

    /// The barrier that is opened and sealed.
    package nonisolated let barrier: Barrier
    /// The store below the barrier.
    let base: any Storage
    /// The seal of the configuration.
    let configured: any Seal
    let previousSeal: (any Seal)?
    let randomness: any Randomness
    let time: any TimeSource

    var unsealing: KeyQuorum?
    var rootGeneration: RootGeneration?
    var rekeys: [RekeyTarget: Rekey] = [:]
    /// Whether a run of ``reseal(batchSize:onProgress:)`` is in progress.
    var isResealing = false
    /// The new root key while it is being written. The store may already hold it.
    var incomingRoot: SecretBytes?
    /// Whether an operation that changes stored keys is running.
    private var isTurnTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Creates a controller of a sealed barrier. `base` is the store below the barrier.
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
        barrier.setKeyringReload { [weak self] in try? await self?.reloadKeyring() }
    }

    /// The kind of the configured seal, which may differ from the stored one.
    package nonisolated var configuredKind: SealKind { configured.kind }

    /// The id of the configured seal's previous key, or nil. The key is not needed anymore once the store was opened.
    package nonisolated var previousKeyID: String? { configured.previousKeyID }

    /// Whether the store has a seal. Reads the store while the barrier is sealed.
    package nonisolated var isInitialized: Bool {
        get async throws(SealError) {
            if !barrier.isSealed { return true }
            return try await base.read(CoreKey.seal) != nil
        }
    }

    /// Returns the state of the seal and of an attempt to unseal.
    package func status() async throws(SealError) -> SealStatus {
        guard let stored = try await StoredSeal.load(base) else {
            return SealStatus(
                kind: configured.kind, isInitialized: false, isSealed: true, hasRecoverySeal: configured.kind.unsealsAutomatically)
        }
        expire()
        return status(stored)
    }

    /// Discards the keys and all submitted shares at once. Then tries to store the number of encryptions.
    package func seal() async {
        let keyring = barrier.dropKeys()
        unsealing = nil
        rootGeneration = nil
        rekeys = [:]
        if let keyring { try? await storeUsage(of: keyring) }
    }
}

extension SealController {
    /// Returns the state of the seal, given what the store says about it.
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
            hasRecoverySeal: stored.seal.kind.unsealsAutomatically,
            keyID: stored.seal.wrapped.keyID)
    }

    /// Returns what the store says about its seal. Throws ``SealError/notInitialized`` if there is none.
    func loadStored() async throws(SealError) -> StoredSeal {
        guard let stored = try await StoredSeal.load(base) else { throw .notInitialized }
        return stored
    }

    /// Returns the keys. Throws ``SealError/sealed`` if there are none.
    func openKeyring() throws(SealError) -> Keyring {
        do throws(StorageError) {
            return try barrier.openKeyring()
        } catch {
            throw .sealed
        }
    }

    /// Discards attempts that are older than ``attemptSecondsMax``.
    func expire() {
        let now = time.now()
        func isOver(_ started: Timestamp) -> Bool { now > started.adding(seconds: Self.attemptSecondsMax) }
        if let attempt = unsealing, isOver(attempt.started) { unsealing = nil }
        if let attempt = rootGeneration, isOver(attempt.quorum.started) { rootGeneration = nil }
        rekeys = rekeys.filter { !isOver($0.value.started) }
    }

    /// Waits until no other operation changes stored keys; operations run in order of arrival. Each call must be
    /// followed by ``passTurn()``. Throws ``SealError/tooBusy`` if 64 operations are waiting.
    func takeTurn() async throws(SealError) {
        guard isTurnTaken else {
            isTurnTaken = true
            return
        }
        guard waiting.count < 64 else { throw .tooBusy }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Lets the next waiting operation run.
    func passTurn() {
        if waiting.isEmpty { isTurnTaken = false } else { waiting.removeFirst().resume() }
    }
}
