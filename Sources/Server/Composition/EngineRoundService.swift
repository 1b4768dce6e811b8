import Core
import ServiceLifecycle

/// Starts the engines' own work once a second until the server ends.
struct EngineRoundService: Service {
    let core: Core

    func run() async throws {
        let core = core
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                core.beginEngineRounds()
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
