import Core
import ServiceLifecycle

/// Calls the periodic jobs once a second until the server ends.
struct JobService: Service {
    let core: Core

    func run() async throws {
        let core = core
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                await core.runJobs(round: round)
                round += 1
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
