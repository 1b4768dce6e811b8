import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// Keeps time from going back over restarts.
///
/// The latest time that the store has seen lies in it. A server that starts under an older clock goes on from there, so nothing
/// lives longer because a machine came up with a wrong clock; it follows the system's clock again once that has been set right.
/// See `docs/decisions/0045-time-never-goes-back.md`.
final class ClockWatch: Sendable {
    private struct State {
        /// The system's clock was behind the store's time when this server opened.
        var isAhead = false
        /// The last difference that was told, in seconds.
        var told = 0
    }

    static let key = "sys/clock"
    /// Differences that are not worth a word.
    static let toleratedSeconds = 60

    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    init(time: any TimeSource, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    /// Goes on from the latest time that the store has seen.
    ///
    /// - Parameter acceptsEarlier: The operator knows that the store's time was the wrong one: it begins anew with the clock's.
    func open(_ storage: some Storage, acceptsEarlier: Bool) async throws(StorageError) {
        let known: (latest: Timestamp?, precondition: Batch.Precondition)
        do throws(StorageError) {
            known = try await latest(storage)
        } catch .corrupted(let key) {
            logger.error("the record of the latest time cannot be read; this clock is believed", metadata: ["record": "\(key)"])
            try await storage.commit(Self.storing(time.now(), if: .none))
            return
        }
        let now = time.now()
        guard let latest = known.latest else {
            // Another node was first, so there is a time to go on from.
            guard try await storage.commitIfUnchanged(Self.storing(now, if: known.precondition)) else {
                return try await open(storage, acceptsEarlier: false)
            }
            return
        }
        let behind = latest.secondsRoundedUp(since: now)
        guard behind > 0 else { return }
        if acceptsEarlier {
            logger.warning(
                "accept_earlier_clock is set: the store's time goes back to this clock's; take the setting out again",
                metadata: ["store": "\(latest)", "clock": "\(now)", "seconds": "\(behind)"])
            try await storage.commit(Self.storing(now, if: .none))
            return
        }
        guard let clock = time as? any AdjustableTime else { return }
        clock.advance(to: latest)
        state.withLock { $0.isAhead = true }
        guard behind > Self.toleratedSeconds else { return }
        state.withLock { $0.told = -behind }
        logger.error(
            "this machine's clock is behind the store's time, which goes on: set the clock; if it is right, see docs/clock.md",
            metadata: ["store": "\(latest)", "clock": "\(now)", "seconds": "\(behind)"])
    }

    /// Writes down how late it is, unless that is known.
    ///
    /// - Parameter always: In any case, to find out whether a write succeeds.
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
            // Others write it all the time, so it is known, and the store takes writes.
            guard case .contended = error else { throw error }
        }
    }

    /// Every second: a clock that was behind is followed as soon as it has caught up, and a step of it is told.
    func look() {
        guard let clock = time as? any AdjustableTime else { return }
        let (now, system) = (clock.now(), clock.systemNow())
        let off = system > now ? system.secondsRoundedDown(since: now) : -now.secondsRoundedDown(since: system)
        if off >= 0, state.withLock({ $0.isAhead }) {
            let wasTold = state.withLock { $0.told != 0 }
            follow()
            if wasTold {
                logger.notice(
                    "this machine's clock has caught up with the store's time and is followed", metadata: ["seconds": "\(off)"])
            }
            return
        }
        let isNew = state.withLock { state in
            guard abs(off - state.told) > Self.toleratedSeconds else { return false }
            state.told = off
            return true
        }
        guard isNew else { return }
        logger.warning(
            abs(off) <= Self.toleratedSeconds
                ? "this machine's clock agrees with the server's time again"
                : "this machine's clock was set; the server's time goes on as before. To follow a later clock, send SIGHUP",
            metadata: ["seconds_ahead": "\(off)"])
    }

    /// Takes a later clock over, never an earlier one. An operator asks for it, or it is known that time stood behind.
    func follow() {
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
