package import EngineKit
import Logging
import Synchronization

/// The engine that keeps OAuth connections, API keys and other platform tokens of users and projects, refreshes them before
/// they expire, and hands them out.
package struct ConnectionsEngine: SecretsEngine, PeriodicEngine {
    let store: ConnectionStore
    let refresher: Refresher
    let counters: Counters
    let environment: ConnectionsEnvironment
    let time: any TimeSource
    let randomness: any Randomness
    let logger: Logger
    let pendingCount = PendingCount()
    private let scheduler: RefreshScheduler
    private let recovery: InterruptedRefreshRecovery
    private let ownerCleanup = OwnerCleanup()
    private let rounds = RoundCount()

    /// Creates the engine of one mount.
    package init(_ context: MountContext, _ environment: ConnectionsEnvironment) {
        store = ConnectionStore(storage: context.storage, randomness: context.randomness)
        counters = Counters(storage: context.storage, platforms: environment.catalog.names)
        refresher = Refresher(context, environment, store: store, counters: counters)
        self.environment = environment
        time = context.time
        randomness = context.randomness
        logger = context.logger
        scheduler = RefreshScheduler(refresher: refresher)
        recovery = InterruptedRefreshRecovery(refresher: refresher)
    }

    package var paths: [EnginePath] {
        [
            tokens, refresh, verify, connections, status, owners, owner, platforms, platform, platformClient, insights, authorize,
            start, callback,
        ]
    }

    /// Starts the background work that is due. Called once a second on the node that leads.
    package func runRound() async {
        let round = rounds.next()
        do {
            try await scheduler.begin()
            if round % 10 == 1 {
                ownerCleanup.begin(for: self)
                try await recovery.run()
            }
            if round % PendingSweep.seconds == 1 { try await PendingSweep(engine: self).run() }
            if round % 5 == 0 { try await counters.flush(today: Counters.day(time.now())) }
        } catch {
            logger.warning(
                "a round of background refreshes failed; it is retried within a second",
                metadata: ["request_id": "\(randomness.uuid())", "kind": "\(type(of: error))"])
        }
    }

    /// Waits until the work that a round started has ended. For tests.
    package func waitUntilIdle() async {
        await ownerCleanup.waitUntilIdle()
        await scheduler.waitUntilIdle()
        await refresher.waitUntilIdle()
    }

    /// Does the part of the background work that every node does. Called once a second on nodes that do not lead.
    package func runFollowerRound() async {
        let round = rounds.next()
        do {
            if round % PendingSweep.seconds == 1 { try await PendingSweep(engine: self).run() }
            guard round % 5 == 0 else { return }
            try await counters.flush(today: Counters.day(time.now()))
        } catch {
            logger.warning(
                "a round of a following node's background work failed; it is retried within a second",
                metadata: ["kind": "\(type(of: error))"])
        }
    }

    /// Stops starting new work, waits for running refreshes, and stores the counters.
    package func finish() async {
        await ownerCleanup.finish()
        await scheduler.finish()
        await refresher.waitUntilIdle()
        try? await counters.flush(today: Counters.day(time.now()))
    }
}

extension ConnectionsEngine {
    package static func description(_ environment: ConnectionsEnvironment) -> EngineDescription {
        EngineDescription(type: "connections", summary: "OAuth connections of users and projects, refreshed when they must be") {
            ConnectionsEngine($0, environment)
        }
    }
}

/// Counts the rounds of background work.
private final class RoundCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
