package import EngineKit
import Logging
import Synchronization

/// The engine that keeps OAuth connections, API keys and other platform tokens of users and projects, refreshes them before
/// they expire, and hands them out.
package final class ConnectionsEngine: SecretsEngine, PeriodicEngine {
    package let paths: [EnginePath]
    private let routes: ConnectionRoutes
    private let scheduler: RefreshScheduler
    private let recovery: InterruptedRefreshRecovery
    private let ownerCleanup: OwnerCleanup
    private let pendingSweep: PendingSweep
    private let rounds = Mutex(0)

    /// Creates the engine of one mount.
    package init(_ context: MountContext, _ environment: ConnectionsEnvironment) {
        let store = ConnectionStore(storage: context.storage, randomness: context.randomness)
        let counters = Counters(storage: context.storage, platforms: environment.catalog.names)
        let refresher = Refresher(context, environment, store: store, counters: counters)
        let routes = ConnectionRoutes(
            store: store, refresher: refresher, counters: counters, environment: environment, time: context.time,
            randomness: context.randomness, logger: context.logger)
        self.routes = routes
        scheduler = RefreshScheduler(refresher: refresher)
        recovery = InterruptedRefreshRecovery(refresher: refresher)
        ownerCleanup = OwnerCleanup(routes: routes)
        pendingSweep = PendingSweep(routes: routes)
        paths = routes.all
    }

    /// Starts the background work that is due. Called once a second on the node that leads.
    package func runRound() async {
        let round = rounds.withLock { round in
            round += 1
            return round
        }
        do {
            try await scheduler.begin()
            if round % 10 == 1 {
                ownerCleanup.begin()
                try await recovery.run()
            }
            if round % PendingSweep.seconds == 1 { try await pendingSweep.run() }
            if round % 5 == 0 { try await routes.counters.flush(today: Counters.day(routes.time.now())) }
        } catch {
            routes.logger.warning(
                "a round of background refreshes failed; it is retried within a second",
                metadata: ["request_id": "\(routes.randomness.uuid())", "kind": "\(type(of: error))"])
        }
    }

    /// Waits until the work that a round started has ended. For tests.
    package func waitUntilIdle() async {
        await ownerCleanup.waitUntilIdle()
        await scheduler.waitUntilIdle()
        await routes.refresher.waitUntilIdle()
    }

    /// Does the part of the background work that every node does. Called once a second on nodes that do not lead.
    package func runFollowerRound() async {
        let round = rounds.withLock { round in
            round += 1
            return round
        }
        do {
            if round % PendingSweep.seconds == 1 { try await pendingSweep.run() }
            guard round % 5 == 0 else { return }
            try await routes.counters.flush(today: Counters.day(routes.time.now()))
        } catch {
            routes.logger.warning(
                "a round of a following node's background work failed; it is retried within a second",
                metadata: ["kind": "\(type(of: error))"])
        }
    }

    /// Stops starting new work, waits for running refreshes, and stores the counters.
    package func finish() async {
        await ownerCleanup.finish()
        await scheduler.finish()
        await routes.refresher.waitUntilIdle()
        try? await routes.counters.flush(today: Counters.day(routes.time.now()))
    }
}

/// For the catalogue.
package func connectionsDescription(_ environment: ConnectionsEnvironment) -> EngineDescription {
    EngineDescription(type: "connections", summary: "OAuth connections of users and projects, refreshed when they must be") {
        ConnectionsEngine($0, environment)
    }
}
