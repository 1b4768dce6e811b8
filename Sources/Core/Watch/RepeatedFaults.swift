import EngineKit
import Logging

/// Faults of jobs that run every second: the first is logged at once, further ones as a count each minute, and the end.
final class RepeatedFaults: Sendable {
    private struct Fault {
        var count = 0
        var since: Timestamp
        var toldAt: Timestamp
    }

    private static let silentSeconds = 60

    private let time: any TimeSource
    private let logger: Logger
    private let faults = UnfairLock<[String: Fault]>([:])

    init(time: any TimeSource, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    func note(_ what: String, _ error: any Error) {
        let now = time.now()
        let told: (count: Int, seconds: Int)? = faults.withLock { faults in
            var fault = faults[what] ?? Fault(since: now, toldAt: now)
            let isFirst = fault.count == 0
            fault.count += 1
            defer { faults[what] = fault }
            guard isFirst || now >= fault.toldAt.adding(seconds: Self.silentSeconds) else { return nil }
            fault.toldAt = now
            return (fault.count, now.secondsRoundedDown(since: fault.since))
        }
        guard let told else { return }
        var metadata = Self.described(error)
        if told.count > 1 {
            metadata["times"] = "\(told.count)"
            metadata["for_seconds"] = "\(told.seconds)"
        }
        logger.warning("\(what) failed; it is tried again", metadata: metadata)
    }

    func over(_ what: String) {
        let now = time.now()
        guard let fault = faults.withLock({ $0.removeValue(forKey: what) }) else { return }
        logger.notice(
            "\(what): recovered",
            metadata: ["times": "\(fault.count)", "for_seconds": "\(now.secondsRoundedDown(since: fault.since))"])
    }

    /// An error as a log may show it: its kind, and what a store says of itself, which never holds a value.
    static func described(_ error: any Error) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["kind": "\(type(of: error))"]
        switch StorageError(behind: error) {
        case .corrupted(let key)?: metadata["record"] = "\(key)"
        case .unavailable(let reason)?: metadata["reason"] = "\(reason)"
        case .limitExceeded(let what)?: metadata["reason"] = "\(what)"
        case .sealed?, .conflict?, .contended?, nil: break
        }
        return metadata
    }
}
