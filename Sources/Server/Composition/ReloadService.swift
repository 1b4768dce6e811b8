import ServiceLifecycle
import UnixSignals

/// Runs work on each SIGHUP until the server ends.
struct ReloadService: Service {
    let work: @Sendable () async -> Void

    func run() async throws {
        let work = work
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await work() }
    }
}
