import EngineKit
import Logging

/// Looks after the feed from outside: answers those who wait too long, whatever the feed is doing, and when the feed stands
/// still, stops serving and gives the place back, so that nobody waits for this node.
struct FeedWatch: Sendable {
    let membership: Membership
    let database: any FeedDatabase
    let pause: Pause
    let executor: any TaskExecutor
    let logger: Logger

    /// Longer than a round of the feed may take, and shorter than ``Membership/serveSeconds``.
    static let stallSeconds = 6
    private static let everyMilliseconds = 250
    private static let leaveMilliseconds = 5_000

    func run() async {
        while !Task.isCancelled {
            look()
            await pause(Self.everyMilliseconds)
        }
    }

    private func look() {
        membership.settle()
        guard membership.standsStill(forSeconds: Self.stallSeconds), let place = membership.place else { return }
        membership.lost("its change feed has stalled")
        logger.error(
            "the change feed has stalled: this node leaves the cluster and serves again once the feed moves",
            metadata: ["seconds": "\(Self.stallSeconds)"])
        Task(executorPreference: executor) { [database, pause, executor] in
            _ = await within(milliseconds: Self.leaveMilliseconds, pause, on: executor) {
                try? await database.leaveApart(place.incarnation)
            }
        }
    }
}
