import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// Keeps the server's time from going back when it restarts or moves to another machine.
///
/// The latest time is stored. A server whose clock is earlier continues from the stored time, so a wrong clock does not extend any
/// life. It follows the system's clock again when that has caught up. See `docs/decisions/0045-time-never-goes-back.md`.
final class ClockGuard: Sendable {
    private struct State {
        /// Whether the stored time was ahead of the system's clock at unseal.
        var isAhead = false
        /// The last logged difference of the system's clock from the server's time, in seconds.
        var loggedDifference = 0
    }

    static let key = "sys/clock"
    /// The difference in seconds up to which nothing is logged.
    static let toleratedSeconds = 60

    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    init(time: any TimeSource, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    /// Continues from the latest stored time.
    ///
    /// - Parameter acceptsEarlier: Whether the operator declared the stored time wrong, so that it is replaced by the clock's.
    func restore(from storage: some Storage, acceptsEarlier: Bool) async throws(StorageError) {
        let known: (latest: Timestamp?, precondition: Batch.Precondition)
        do throws(StorageError) {
            known = try await latest(storage)
        } catch .corrupted(let key) {
            logger.error(
                "the stored latest time is damaged, so the server continues from this machine's clock: check that it is right",
                metadata: ["record": "\(key)"])
            try await storage.commit(Self.storing(time.now(), if: .none))
            return
        }
        let now = time.now()
        guard let latest = known.latest else {
            // Another node stored the first time, so continue from that.
            guard try await storage.commitIfUnchanged(Self.storing(now, if: known.precondition)) else {
                return try await restore(from: storage, acceptsEarlier: false)
            }
            return
        }
        let behind = latest.secondsRoundedUp(since: now)
        guard behind > 0 else { return }
        if acceptsEarlier {
            logger.warning(
                "the stored time was set back to this machine's clock because accept_earlier_clock is set; remove the setting before the next start",
                metadata: ["store": "\(latest)", "clock": "\(now)", "seconds": "\(behind)"])
            try await storage.commit(Self.storing(now, if: .none))
            return
        }
        guard let clock = time as? any AdjustableTime else { return }
        clock.advance(to: latest)
        state.withLock { $0.isAhead = true }
        guard behind > Self.toleratedSeconds else { return }
        state.withLock { $0.loggedDifference = -behind }
        logger.error(
            "this machine's clock is behind the stored time, from which the server continues: set the clock or, if it is right, see docs/clock.md",
            metadata: ["store": "\(latest)", "clock": "\(now)", "seconds": "\(behind)"])
    }

    /// Stores the current time, unless the stored time is as late.
    ///
    /// - Parameter always: Whether to write in any case, to find out whether the store accepts writes.
    func store(_ storage: some Storage, always: Bool = false) async throws(StorageError) {
        do throws(StorageError) {
            try await storage.transact { batch throws(StorageError) in
                let now = time.now()
                let (latest, precondition) = try await latest(storage)
                if let latest, latest >= now, !always { return }
                // Another node's later time must not be overwritten.
                batch = Self.storing(latest.map { max($0, now) } ?? now, if: precondition)
            }
        } catch {
            // Other nodes keep writing the time, so it is stored, and the store accepts writes.
            guard case .contended = error else { throw error }
        }
    }

    /// Compares the system's clock with the server's time: follows a clock that has caught up, and logs a clock that was set.
    func checkSystemClock() {
        guard let clock = time as? any AdjustableTime else { return }
        let (now, system) = (clock.now(), clock.systemNow())
        let off = system > now ? system.secondsRoundedDown(since: now) : -now.secondsRoundedDown(since: system)
        if off >= 0, state.withLock({ $0.isAhead }) {
            let wasLogged = state.withLock { $0.loggedDifference != 0 }
            adoptSystemClock()
            if wasLogged {
                logger.notice(
                    "this machine's clock has caught up with the stored time, and the server follows it again",
                    metadata: ["seconds": "\(off)"])
            }
            return
        }
        let isNew = state.withLock { state in
            guard abs(off - state.loggedDifference) > Self.toleratedSeconds else { return false }
            state.loggedDifference = off
            return true
        }
        guard isNew else { return }
        logger.warning(
            abs(off) <= Self.toleratedSeconds
                ? "this machine's clock agrees with the server's time again"
                : "this machine's clock was set; the server's time is not changed by that. To adopt a later clock, send SIGHUP",
            metadata: ["seconds_ahead": "\(off)"])
    }

    /// Adopts a system clock that is ahead of the server's time. Never sets the time back.
    func adoptSystemClock() {
        guard let clock = time as? any AdjustableTime else { return }
        let system = clock.systemNow()
        guard system >= clock.now() else { return }
        clock.advance(to: system)
        state.withLock { $0 = State() }
    }

    private func latest(
        _ storage: some Storage
    ) async throws(StorageError) -> (latest: Timestamp?, precondition: Batch.Precondition) {
        guard let record = try await storage.get(Self.key) else { return (nil, .absent) }
        guard let nanoseconds = (try? JSON(parsing: record.value))?["latest"]?.intValue else { throw .corrupted(key: Self.key) }
        return (Timestamp(nanoseconds: Int64(nanoseconds)), .version(record.version))
    }

    private static func storing(_ moment: Timestamp, if precondition: Batch.Precondition) -> Batch {
        var batch = Batch()
        batch.put(key, JSONObject([.init(key: "latest", value: .int(moment.nanoseconds))]).encoded(), if: precondition)
        return batch
    }
}
