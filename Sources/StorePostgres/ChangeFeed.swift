import DatabaseClients
import EngineKit
import Logging
import Synchronization

/// Follows what other nodes commit, drops what is cached from it, and says how far this node has come.
///
/// One loop: while it is stuck or cut off there is no heartbeat either, so a node that may have missed something stops
/// serving by itself, and the others stop waiting for it.
final class ChangeFeed: Sendable {
    typealias Handler = @Sendable (StorageChange) async throws -> Void

    /// Set while the handler runs: what it writes must not wait for this feed.
    @TaskLocal static var isHandling = false

    private let membership: Membership
    private let schema: Schema
    private let identity: NodeIdentity
    private let isSole: Bool
    private let time: any TimeSource
    private let randomness: any Randomness
    private let logger: Logger
    private let connect: @Sendable () throws(DatabaseError) -> PostgresConnection
    private let handlers = Mutex<[Handler]>([])
    private let session = Mutex<FeedSession?>(nil)
    private let thread = BlockingThreads(threadsMax: 1, queueMax: 16)
    private let executor = FeedExecutor()
    private let loop = Mutex<Task<Void, Never>?>(nil)

    private static let pageMax = 1_000

    init(
        _ schema: Schema, _ identity: NodeIdentity, isSole: Bool, membership: Membership, time: any TimeSource,
        randomness: any Randomness, logger: Logger, connect: @escaping @Sendable () throws(DatabaseError) -> PostgresConnection
    ) {
        self.schema = schema
        self.identity = identity
        self.isSole = isSole
        self.membership = membership
        self.time = time
        self.randomness = randomness
        self.logger = logger
        self.connect = connect
    }

    /// Called in the order they were added: whoever reads from another comes after it.
    func add(_ handler: @escaping Handler) { handlers.withLock { $0.append(handler) } }

    /// Takes this node's place and begins to follow.
    func start() async throws {
        try await join()
        let task = Task.detached(executorPreference: executor) { [self] in await follow() }
        loop.withLock { $0 = task }
    }

    /// Gives the place back, so that nobody waits for this node.
    func stop() async {
        let task = loop.withLock { $0.take() }
        task?.cancel()
        await task?.value
        if let incarnation = membership.incarnation {
            _ = try? await onThread { session throws(DatabaseError) in try session.leave(incarnation) }
        }
        membership.end()
        await disconnect()
    }

    // MARK: The loop

    private func follow() async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await round(isAnew: failures > 0)
                failures = 0
            } catch is CancellationError {
                return
            } catch {
                await disconnect()
                if failures == 0 {
                    let reason = (error as? DatabaseError)?.message ?? "\(type(of: error))"
                    logger.warning("the change feed was interrupted; it is taken up again", metadata: ["reason": "\(reason)"])
                }
                failures += 1
                membership.settle()
                try? await Task.sleep(for: .milliseconds(min(50 << min(failures, 6), 2_000)))
            }
        }
    }

    /// From one wait for notes to the next; at least one heartbeat in about a second. Returns when the place was lost.
    private func round(isAnew: Bool) async throws {
        guard let incarnation = membership.incarnation else { return try await join() }
        if isAnew { try await startOver(incarnation) }
        guard try await catchUp(mustTell: true) else { return }
        var beatAt = time.now()
        while !Task.isCancelled {
            let left = Self.milliseconds(from: time.now(), to: beatAt) + Membership.beatMilliseconds
            let notes = try await onThread { session throws(DatabaseError) in try session.notes(waitingMilliseconds: left) }
            for case .seen(let sequence, let node) in notes { membership.saw(node, sequence) }
            let isDue = Self.milliseconds(from: beatAt, to: time.now()) >= Membership.beatMilliseconds
            let mustRead = isDue || skipOwn(notes)
            guard mustRead else { continue }
            guard try await catchUp(mustTell: isDue) else { return }
            if isDue { beatAt = time.now() }
        }
        throw CancellationError()
    }

    /// After an interruption: a database that was restored, or a replica that took over, may tell another story under the same
    /// numbers.
    private func startOver(_ incarnation: String) async throws {
        let last = try await onThread { session throws(DatabaseError) in try session.snapshot(incarnation).last }
        try await handle(.everything)
        membership.restart(at: last)
    }

    /// Our own commits in their order need no look at the records. True when there is something else.
    private func skipOwn(_ notes: [FeedNote]) -> Bool {
        for case .change(let sequence, _) in notes where sequence > membership.position {
            guard sequence == membership.position + 1, membership.isOwn(sequence) else { return true }
            membership.advance(to: sequence)
        }
        return false
    }

    /// Reads what happened, drops what is cached from it, and tells the others. False when the place was lost.
    private func catchUp(mustTell: Bool) async throws -> Bool {
        guard let incarnation = membership.incarnation else { return false }
        var isForeign = false
        while true {
            let position = membership.position
            let page = try await onThread { session throws(DatabaseError) in
                try session.changes(after: position, limit: Self.pageMax)
            }
            isForeign = try await take(page, after: position) || isForeign
            if page.count < Self.pageMax { break }
        }
        guard isForeign || mustTell else { return true }
        return try await beat(incarnation, tells: isForeign, looksAround: mustTell)
    }

    private func take(_ page: [FeedSession.Change], after position: Int64) async throws -> Bool {
        var expected = position
        var keys: [String] = []
        var isForeign = false
        var isEverything = false
        for change in page {
            expected += 1
            // What is missing was trimmed, because this node was away for long.
            if change.sequence != expected { isEverything = true }
            expected = change.sequence
            guard !membership.isOwn(change.sequence) else { continue }
            isForeign = true
            if let changed = change.keys { keys += changed } else { isEverything = true }
        }
        if isEverything { try await handle(.everything) } else if !keys.isEmpty { try await handle(.keys(keys)) }
        if let last = page.last { membership.advance(to: last.sequence) }
        return isForeign || isEverything
    }

    private func handle(_ change: StorageChange) async throws {
        let handlers = handlers.withLock { $0 }
        try await Self.$isHandling.withValue(true) {
            for handler in handlers { try await handler(change) }
        }
    }

    private func beat(_ incarnation: String, tells: Bool, looksAround: Bool) async throws -> Bool {
        let sentAt = time.now()
        let position = membership.position
        let isAlive = try await onThread { session throws(DatabaseError) in
            try session.beat(incarnation, seen: position, tells: tells)
        }
        guard isAlive else {
            membership.lost()
            logger.error("this node missed its heartbeat and lost its place; it serves again when it has caught up")
            return false
        }
        membership.kept(sentAt: sentAt)
        guard looksAround else { return true }
        try await lookAround(incarnation)
        return true
    }

    /// Who else is there, and who leads.
    private func lookAround(_ incarnation: String) async throws {
        membership.took(try await onThread { session throws(DatabaseError) in try session.snapshot(incarnation) })
        if membership.isLeaderOnRecord, !membership.offersToLead {
            try await onThread { session throws(DatabaseError) in try session.resignLead(incarnation) }
        } else if membership.isLeaderMissing, membership.offersToLead {
            let snapshot = try await onThread { session throws(DatabaseError) in
                try session.claimLead(incarnation)
                return try session.snapshot(incarnation)
            }
            membership.took(snapshot)
            if membership.isLeaderOnRecord { logger.info("this node leads", metadata: ["term": "\(snapshot.term)"]) }
        }
    }

    /// A new place, behind everything that happened so far. Nothing cached before counts.
    private func join() async throws {
        let incarnation = randomness.uuid()
        let sentAt = time.now()
        let (identity, isSole) = (identity, isSole)
        let joined = try await onThread { session throws(DatabaseError) -> Result<Int64, PostgresStorageError> in
            do {
                return .success(try session.join(incarnation, identity, isSole: isSole))
            } catch let error as PostgresStorageError {
                return .failure(error)
            } catch {
                throw error as? DatabaseError ?? .failed("the node could not take its place")
            }
        }
        membership.joined(as: incarnation, at: try joined.get())
        try await handle(.everything)
        membership.kept(sentAt: sentAt)
        try await lookAround(incarnation)
    }

    // MARK: The session

    private func onThread<Success: Sendable>(
        _ body: @escaping @Sendable (FeedSession) throws(DatabaseError) -> Success
    ) async throws -> Success {
        try await thread.run { [self] () throws(DatabaseError) in
            try session.withLock { (held: inout sending FeedSession?) throws(DatabaseError) -> Success in
                let session: FeedSession
                if let held {
                    session = held
                } else {
                    session = try FeedSession(schema, try connect())
                    held = session
                }
                return try body(session)
            }
        }
    }

    private func disconnect() async {
        _ = try? await thread.run { [self] () throws(DatabaseError) in
            session.withLock { session in
                session?.close()
                session = nil
            }
        }
    }

    private static func milliseconds(from: Timestamp, to: Timestamp) -> Int {
        Int((to.nanoseconds - from.nanoseconds) / 1_000_000)
    }
}
