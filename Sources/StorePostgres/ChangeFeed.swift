import EngineKit
import Logging
import Synchronization

/// Follows what other nodes commit, drops what is cached from it, and says how far this node has come.
///
/// One loop: while it is stuck or cut off there is no heartbeat either, so a node that may have missed something stops
/// serving by itself, and the others stop waiting for it. Nothing the loop waits for may wait for a commit of this node.
final class ChangeFeed: Sendable {
    typealias Handler = @Sendable (StorageChange) async throws -> Void

    /// Set while the handler runs: what it writes must not wait for this feed.
    @TaskLocal static var isHandling = false

    /// What was cached could not be dropped, or not in time.
    private struct NotDropped: Error {
        var reason: String
    }

    private let database: any FeedDatabase
    private let membership: Membership
    private let identity: NodeIdentity
    private let process: String
    private let isSole: Bool
    private let time: any TimeSource
    private let randomness: any Randomness
    private let logger: Logger
    private let pause: Pause
    private let executor: any TaskExecutor
    private let handlers = Mutex<[Handler]>([])
    /// Calls of the handlers that have not returned, also those that were given up.
    private let handling = Atomic(0)
    /// Places of this process that may still stand in the table.
    private let places = Mutex<[String]>([])
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// A page is held in memory whole, and each of its changes may name ``GroupWriter/keysBytesMax`` of keys.
    static let pageMax = 64
    private static let handleMilliseconds = 4_000
    private static let stopMilliseconds = 3_000

    init(
        _ database: any FeedDatabase, _ identity: NodeIdentity, process: String, isSole: Bool, membership: Membership,
        time: any TimeSource, randomness: any Randomness, logger: Logger, pause: @escaping Pause, executor: any TaskExecutor
    ) {
        self.database = database
        self.identity = identity
        self.process = process
        self.isSole = isSole
        self.membership = membership
        self.time = time
        self.randomness = randomness
        self.logger = logger
        self.pause = pause
        self.executor = executor
    }

    /// Called in the order they were added: whoever reads from another comes after it.
    func add(_ handler: @escaping Handler) { handlers.withLock { $0.append(handler) } }

    /// Takes this node's place and begins to follow. `watchExecutor` is apart from the feed's own, which may be stuck.
    func start(watchedOn watchExecutor: any TaskExecutor) async throws {
        membership.moved()
        try await join()
        let watch = FeedWatch(
            membership: membership, database: database, pause: pause, executor: watchExecutor, logger: logger)
        let started = [
            Task.detached(executorPreference: executor) { [self] in await follow() },
            Task.detached(executorPreference: watchExecutor) { await watch.run() },
        ]
        tasks.withLock { $0 = started }
    }

    /// Gives the place back, so that nobody waits for this node. Bounded, whatever the feed and the database are doing.
    func stop() async {
        let running = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        // Before the place is given back, for nobody waits for us from then on.
        membership.end()
        for task in running { task.cancel() }
        _ = await within(milliseconds: Self.stopMilliseconds, pause, on: executor) { for task in running { await task.value } }
        membership.end()
        let left = places.withLock { $0 }
        _ = await within(milliseconds: Self.stopMilliseconds, pause, on: executor) { [database] in
            for place in left { try? await database.leave(place) }
            await database.disconnect()
        }
    }

    // MARK: The loop

    private func follow() async {
        var failures = 0
        while !Task.isCancelled {
            membership.moved()
            do {
                try await round(isAnew: failures > 0)
                failures = 0
            } catch is CancellationError {
                return
            } catch {
                if failures == 0 {
                    logger.warning(
                        "the change feed was interrupted; it is taken up again", metadata: ["reason": "\(Self.reason(error))"])
                }
                if error is NotDropped { await giveBack() }
                await database.disconnect()
                failures += 1
                await pause(min(50 << min(failures, 6), 2_000))
            }
        }
    }

    /// Why, without a caller's values: the texts of a database error are its own.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NotDropped: error.reason
        default: FeedFailure.reason(error)
        }
    }

    /// This node may hold what the others believe to be gone: it serves nothing more, and they need not wait for it. It takes
    /// a place again when what it began to drop has come to an end.
    private func giveBack() async {
        let place = membership.place
        membership.lost("it could not drop what other nodes changed")
        logger.error(
            "this node could not drop what other nodes changed from its cache: it leaves the cluster and rejoins")
        if let place { try? await database.leave(place.incarnation) }
        while handling.load(ordering: .acquiring) > 0, !Task.isCancelled { await pause(100) }
    }

    /// From one wait for hints to the next; at least one heartbeat in about a second. Returns when the place was lost.
    private func round(isAnew: Bool) async throws {
        guard let place = membership.place else { return try await join() }
        if isAnew { guard try await startOver(place) else { return } }
        guard try await catchUp(place, mustTell: true) else { return }
        var beatAt = time.now()
        while !Task.isCancelled {
            membership.moved()
            guard membership.place == place else { return }
            let left = Self.milliseconds(from: time.now(), to: beatAt) + Membership.beatMilliseconds
            let wait = min(left, membership.millisecondsToNextDeath ?? left)
            let notes = try await database.notes(waitingMilliseconds: max(wait, 0))
            let isDue = Self.milliseconds(from: beatAt, to: time.now()) >= Membership.beatMilliseconds
            if isDue || !membership.dead.isEmpty {
                guard try await catchUp(place, mustTell: true) else { return }
                beatAt = time.now()
            } else if isWorthALook(notes) {
                let before = membership.position
                guard try await catchUp(place, mustTell: false) else { return }
                // Hints that led to nothing may be somebody's who wants us to be busy.
                if membership.position == before, !isHeard.exchange(false, ordering: .relaxed) { await pause(5) }
            }
        }
        throw CancellationError()
    }

    /// Whether the last look showed that others have come further.
    private let isHeard = Atomic(false)

    /// After an interruption: a database that was restored, or a replica that took over, may tell another story under the same
    /// numbers. False when the place was lost.
    private func startOver(_ place: Membership.Place) async throws -> Bool {
        guard try await database.history() == place.history else {
            return leaveHistory("the database was replaced by another copy of it")
        }
        let snapshot = try await database.snapshot(place.incarnation, removing: [])
        guard snapshot.last >= membership.position else {
            try await database.endHistory(place.history)
            return leaveHistory("the database is older than what this node has already read from it")
        }
        try await handle(.everything)
        membership.restart(at: snapshot.last)
        return true
    }

    private func leaveHistory(_ reason: String) -> Bool {
        membership.lost(reason)
        logger.warning("\(reason): this node drops what it has cached and takes a new place")
        return false
    }

    /// Our own commits in their order need no look at the records. True when there is something else.
    private func isWorthALook(_ notes: [FeedNote]) -> Bool {
        var isWorth = false
        for note in notes {
            switch note {
            case .change(let sequence, _):
                if sequence > membership.position, !membership.passOwn(sequence) { isWorth = true }
            case .seen(let sequence, let node): if membership.awaits(node, sequence) { isWorth = true }
            }
        }
        return isWorth
    }

    /// Reads what happened, drops what is cached from it, and tells the others. False when the place was lost.
    private func catchUp(_ place: Membership.Place, mustTell: Bool) async throws -> Bool {
        var isForeign = false
        while true {
            let position = membership.position
            let page = try await database.page(after: position, limit: Self.pageMax)
            membership.moved()
            if membership.heard(page.seen, in: place) { isHeard.store(true, ordering: .relaxed) }
            let effect = page.effect(after: position, isOwn: membership.isOwn)
            if let change = effect.change { try await handle(change) }
            membership.advance(to: effect.position)
            isForeign = isForeign || effect.isForeign
            if page.changes.count < Self.pageMax { break }
        }
        if let missing = membership.missing {
            logger.warning("changes that this node had not seen are missing in the database: it drops everything it has cached")
            try await handle(.everything)
            membership.advance(to: missing)
            isForeign = true
        }
        guard isForeign || mustTell else { return true }
        return try await beat(place, tells: isForeign, looksAround: mustTell)
    }

    private func handle(_ change: StorageChange) async throws {
        let handlers = handlers.withLock { $0 }
        handling.add(1, ordering: .acquiringAndReleasing)
        let failure = await within(milliseconds: Self.handleMilliseconds, pause, on: executor) { [self] () -> String? in
            defer { handling.subtract(1, ordering: .acquiringAndReleasing) }
            do {
                try await Self.$isHandling.withValue(true) {
                    for handler in handlers { try await handler(change) }
                }
                return nil
            } catch {
                return "dropping failed: \(type(of: error))"
            }
        }
        membership.moved()
        guard let failure else { throw NotDropped(reason: "dropping what other nodes changed takes too long") }
        if let failure { throw NotDropped(reason: failure) }
    }

    private func beat(_ place: Membership.Place, tells: Bool, looksAround: Bool) async throws -> Bool {
        let sentAt = time.now()
        guard try await database.beat(place.incarnation, seen: membership.position, tells: tells) else {
            membership.lost("it missed its heartbeat and lost its place")
            logger.error("this node missed its heartbeat and lost its place; it serves again when it has caught up")
            return false
        }
        membership.kept(place, sentAt: sentAt)
        membership.moved()
        return looksAround ? try await lookAround(place) : true
    }

    /// Who else is there, and who leads. False when the place was lost.
    private func lookAround(_ place: Membership.Place) async throws -> Bool {
        let snapshot = try await database.snapshot(place.incarnation, removing: membership.dead)
        switch membership.took(snapshot, in: place) {
        case .taken: break
        case .placeless: return false
        case .replaced: return leaveHistory("the database was replaced by another copy of it")
        case .wentBack:
            try await database.endHistory(place.history)
            return leaveHistory("the database is older than what this node has already read from it")
        }
        if membership.isLeaderOnRecord, !membership.offersToLead {
            try await database.resignLead(place.incarnation)
        } else if membership.isLeaderMissing, membership.offersToLead {
            try await database.claimLead(place.incarnation)
            let claimed = try await database.snapshot(place.incarnation, removing: [])
            _ = membership.took(claimed, in: place)
            if membership.isLeaderOnRecord { logger.info("this node leads", metadata: ["term": "\(claimed.term)"]) }
        }
        return true
    }

    /// A new place, behind everything that happened so far. Nothing cached before counts.
    private func join() async throws {
        let incarnation = randomness.uuid()
        let sentAt = time.now()
        let previous = places.withLock { places in
            defer { places.append(incarnation) }
            return places
        }
        let joined = try await database.join(
            Joining(incarnation: incarnation, identity: identity, process: process, isSole: isSole, previous: previous))
        places.withLock { $0 = [incarnation] }
        let place = Membership.Place(incarnation: incarnation, history: joined.history)
        membership.joined(place, at: joined.last)
        membership.moved()
        try await handle(.everything)
        membership.kept(place, sentAt: sentAt)
        _ = try await lookAround(place)
    }

    private static func milliseconds(from: Timestamp, to: Timestamp) -> Int {
        Int((to.nanoseconds - from.nanoseconds) / 1_000_000)
    }
}
