import ServiceLifecycle

/// Runs work once a second until the server ends. A round that takes longer delays the next one.
struct EverySecond: Service {
    let work: @Sendable (_ round: Int) async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                await work(round)
                round += 1
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
