import EngineKit
import Logging

/// Logs the failures of jobs that run every second: the first at once, further ones as a count each minute, and the recovery.
final class RepeatedFailures: Sendable {
    private struct Failure {
        var count = 0
        var since: Timestamp
        var loggedAt: Timestamp
    }

    private static let secondsBetweenLines = 60

    private let time: any TimeSource
    private let logger: Logger
    private let failures = UnfairLock<[String: Failure]>([:])

    init(time: any TimeSource, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    /// Logs the failure of a job, which a verb phrase such as "storing the audit checkpoints" names.
    func record(_ what: String, _ error: any Error) {
        let now = time.now()
        let logged: (count: Int, seconds: Int)? = failures.withLock { failures in
            var failure = failures[what] ?? Failure(since: now, loggedAt: now)
            let isFirst = failure.count == 0
            failure.count += 1
            defer { failures[what] = failure }
            guard isFirst || now >= failure.loggedAt.adding(seconds: Self.secondsBetweenLines) else { return nil }
            failure.loggedAt = now
            return (failure.count, now.secondsRoundedDown(since: failure.since))
        }
        guard let logged else { return }
        var metadata = Self.metadata(of: error)
        if logged.count > 1 {
            metadata["times"] = "\(logged.count)"
            metadata["for_seconds"] = "\(logged.seconds)"
        }
        logger.warning("\(what) failed and will be retried", metadata: metadata)
    }

    /// Logs that a job succeeds again, if it failed before.
    func recordRecovery(_ what: String) {
        let now = time.now()
        guard let failure = failures.withLock({ $0.removeValue(forKey: what) }) else { return }
        logger.notice(
            "\(what): recovered",
            metadata: ["times": "\(failure.count)", "for_seconds": "\(now.secondsRoundedDown(since: failure.since))"])
    }

    /// Returns an error as the log may show it: its type and the store's explanation, which never contains a stored value.
    static func metadata(of error: any Error) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["kind": "\(type(of: error))"]
        switch StorageError(behind: error) {
        case .corrupted(let key)?, .foreignOwner(let key)?: metadata["record"] = "\(key)"
        case .unavailable(let reason)?: metadata["reason"] = "\(reason)"
        case .limitExceeded(let what)?: metadata["reason"] = "\(what)"
        case .sealed?, .conflict?, .contended?, nil: break
        }
        return metadata
    }
}
