import Core
import ServiceLifecycle

/// Calls the periodic jobs once a second until the server ends.
struct JobService: Service {
    let core: Core

    func run() async throws {
        let core = core
        await cancelWhenGracefulShutdown {
            async let leases: Void = everySecond { _ in await core.runLeaseJobs() }
            await everySecond { await core.runJobs(round: $0) }
            await leases
        }
    }

    private func everySecond(_ body: @Sendable (_ round: Int) async -> Void) async {
        var round = 0
        while !Task.isCancelled {
            await body(round)
            round += 1
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
