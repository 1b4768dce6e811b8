import EngineKit
import ServiceLifecycle

/// Runs work whenever it is signaled, and at least once a second, until the server ends.
struct WhenRung: Service {
    let bell: Bell
    let work: @Sendable () async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        bell.ring()
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
                for await _ in bell.rings where !Task.isCancelled { await work() }
                group.cancelAll()
            }
        }
    }
}
