import EngineKit
import Logging

/// Watches the feed from a separate thread. It answers commits that have waited too long, and when
/// the feed makes no progress it stops this node from serving and gives its place back, so that no
/// other node waits for it.
struct FeedWatch: Sendable {
    let membership: Membership
    let database: any FeedDatabase
    let pause: Pause
    let executor: any TaskExecutor
    let logger: Logger

    /// The time without progress after which the feed counts as stalled. It is longer than a round
    /// of the feed may take, and shorter than ``Membership/serveSeconds``.
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
