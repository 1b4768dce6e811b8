package import EngineKit
import Logging
import Synchronization

/// OAuth connections and keys of users and projects: kept, refreshed, handed out.
package final class ConnectionsEngine: SecretsEngine, PeriodicEngine {
    package let paths: [EnginePath]
    private let routes: ConnectionRoutes
    private let walk: RefreshScheduler
    private let sweep: InterruptedRefreshRecovery
    private let cleanup: OwnerCleanup
    private let pending: PendingSweep
    private let rounds = Mutex(0)

    package init(_ context: MountContext, _ environment: ConnectionsEnvironment) {
        let store = ConnectionStore(storage: context.storage, randomness: context.randomness)
        let counters = Counters(storage: context.storage, platforms: environment.catalog.names)
        let refresher = Refresher(context, environment, store: store, counters: counters)
        let routes = ConnectionRoutes(
            store: store, refresher: refresher, counters: counters, environment: environment, time: context.time,
            randomness: context.randomness, logger: context.logger)
        self.routes = routes
        walk = RefreshScheduler(refresher: refresher)
        sweep = InterruptedRefreshRecovery(refresher: refresher)
        cleanup = OwnerCleanup(routes: routes)
        pending = PendingSweep(routes: routes)
        paths = routes.all
    }

    package func runRound() async {
        let round = rounds.withLock { round in
            round += 1
            return round
        }
        do {
            try await walk.begin()
            if round % 10 == 1 {
                cleanup.begin()
                try await sweep.run()
            }
            if round % PendingSweep.seconds == 1 { try await pending.run() }
            if round % 5 == 0 { try await routes.counters.flush(today: Counters.day(routes.time.now())) }
        } catch {
            routes.logger.warning(
                "a round of refreshing stopped; the next one goes on",
                metadata: ["request_id": "\(routes.randomness.uuid())", "kind": "\(type(of: error))"])
        }
    }

    /// Once nothing is under way that a round began.
    package func settled() async {
        await cleanup.settled()
        await walk.settled()
        await routes.refresher.finish()
    }

    package func runFollowerRound() async {
        let round = rounds.withLock { round in
            round += 1
            return round
        }
        do {
            if round % PendingSweep.seconds == 1 { try await pending.run() }
            guard round % 5 == 0 else { return }
            try await routes.counters.flush(today: Counters.day(routes.time.now()))
        } catch {
            routes.logger.warning(
                "a round of a following node stopped; the next one goes on", metadata: ["kind": "\(type(of: error))"])
        }
    }

    package func finish() async {
        await cleanup.finish()
        await walk.finish()
        await routes.refresher.finish()
        try? await routes.counters.flush(today: Counters.day(routes.time.now()))
    }
}

/// For the catalogue.
package func connectionsDescription(_ environment: ConnectionsEnvironment) -> EngineDescription {
    EngineDescription(type: "connections", summary: "OAuth connections of users and projects, refreshed when they must be") {
        ConnectionsEngine($0, environment)
    }
}
