import EngineKit
import Logging
import Synchronization

/// Follows the commits of other nodes, drops what is cached from the changed records, and tells the
/// others how far this node has come.
///
/// One loop does all of this and also sends the heartbeats. While the loop is stuck or cut off
/// there are no heartbeats, so a node that may have missed a change stops serving, and the others
/// stop waiting for it. Nothing that the loop waits for may wait for a commit of this node.
final class ChangeFeed: Sendable {
    typealias Handler = @Sendable (StorageChange) async throws -> Void

    /// Whether a handler is running. What a handler writes must not wait for this feed.
    @TaskLocal static var isHandling = false

    /// Cached records could not be dropped, or not in time.
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
    /// The number of calls to handlers that have not returned, including those that were abandoned.
    private let handling = Atomic(0)
    /// The places of this process that may still be in the table.
    private let places = Mutex<[String]>([])
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// The number of changes in a page. A whole page is in memory, and each change may name
    /// ``GroupWriter/keysBytesMax`` bytes of keys.
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

    /// Adds a handler. Handlers are called in the order in which they were added: a cache that is
    /// filled from another comes after it.
    func add(_ handler: @escaping Handler) { handlers.withLock { $0.append(handler) } }

    /// Takes a place for this node and begins to follow.
    ///
    /// - Parameter watchExecutor: Runs the watch. It must not be the executor of the feed, which
    ///   may be stuck.
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

    /// Gives the place back, so that no node waits for this one. Returns within a limited time even
    /// if the feed is stuck or the database does not answer.
    func stop() async {
        let running = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        // Serving must end before the place is given back: from then on no other node waits for
        // this one.
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
                        "the change feed was interrupted and is being resumed", metadata: ["reason": "\(Self.reason(error))"])
                }
                if error is NotDropped { await giveBack() }
                await database.disconnect()
                failures += 1
                await pause(min(50 << min(failures, 6), 2_000))
            }
        }
    }

    /// Returns the reason for an interruption. The texts of database errors are fixed, so they hold
    /// no caller's values.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NotDropped: error.reason
        default: FeedFailure.reason(error)
        }
    }

    /// Stops serving and gives the place back, because this node may still cache what the others
    /// believe to be dropped. Returns when the handlers that were called have ended; then the node
    /// may take a place again.
    private func giveBack() async {
        let place = membership.place
        membership.lost("it could not drop what other nodes changed")
        logger.error(
            "this node could not drop what other nodes changed from its cache: it leaves the cluster and rejoins")
        if let place { try? await database.leave(place.incarnation) }
        while handling.load(ordering: .acquiring) > 0, !Task.isCancelled { await pause(100) }
    }

    /// Waits for hints and reads changes, with at least one heartbeat per second or so. Returns
    /// when the place was lost.
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
                // Hints that lead to nothing may be forged to keep this node busy.
                if membership.position == before, !isHeard.exchange(false, ordering: .relaxed) { await pause(5) }
            }
        }
        throw CancellationError()
    }

    /// Whether the last page showed that another node has come further.
    private let isHeard = Atomic(false)

    /// Checks after an interruption that the database still has the changes that this node has
    /// read, and drops all caches. A restored database, or a replica that took over, may have other
    /// changes under the same numbers.
    ///
    /// - Returns: False if the place was lost.
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
        logger.warning("\(reason): this node drops everything that it has cached and takes a new place")
        return false
    }

    /// Returns whether the hints require reading the table. Hints about this node's own commits do not, if they are in
    /// order.
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

    /// Reads the changes, drops what is cached from the changed records, and tells the others.
    ///
    /// - Returns: False if the place was lost.
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
            logger.warning(
                "changes that this node has not read are missing from the database: it drops everything that it has cached")
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
                return "a cache could not be dropped: \(type(of: error))"
            }
        }
        membership.moved()
        guard let failure else { throw NotDropped(reason: "dropping cached records took too long") }
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

    /// Reads which nodes there are and which one leads, and claims or resigns the lead.
    ///
    /// - Returns: False if the place was lost.
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

    /// Takes a new place, after all changes so far, and drops everything that is cached.
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
