import EngineKit
import Logging
import Synchronization

/// Removes expired secret ids in the background, a bounded number at a time.
final class SecretIDSweep: Sendable {
    private let secretIDs: SecretIDs
    private let time: any TimeSource
    private let logger: Logger
    private let next = Mutex(Timestamp(nanoseconds: .min))

    private static let intervalSeconds = 20
    private static let removedMax = 500

    init(_ secretIDs: SecretIDs, time: any TimeSource, logger: Logger) {
        self.secretIDs = secretIDs
        self.time = time
        self.logger = logger
    }

    /// Removes expired secret ids if it is time to. It is called about once a second and works every 20 seconds, or at each
    /// call while more are left than it removes at once.
    func run() async {
        let now = time.now()
        guard next.withLock({ $0 <= now }) else { return }
        do {
            let removed = try await secretIDs.tidy(limit: Self.removedMax)
            guard removed < Self.removedMax else { return }
        } catch {
            logger.warning(
                "expired secret ids could not be removed; it will be tried again", metadata: ["kind": "\(type(of: error))"])
        }
        next.withLock { $0 = now.adding(seconds: Self.intervalSeconds) }
    }
}
