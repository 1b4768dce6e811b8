import Glibc
import Synchronization

/// What time it is. Injected everywhere, so that tests decide.
package protocol TimeSource: Sendable {
    /// Returns the present moment. It never goes back while the process runs.
    func now() -> Timestamp
}

/// One that can be told that it is later than it believed.
package protocol AdjustableTime: TimeSource {
    /// What the system's clock says now, which may be anything.
    func systemNow() -> Timestamp
    /// Time goes on from this moment. Nothing happens when it has passed already: time never goes back.
    func advance(to moment: Timestamp)
}

/// The time of day when the process started, carried on by the monotonic clock.
///
/// A step of the system's clock while the server runs moves no deadline: no token outlives its TTL because
/// somebody set the clock back. What carries time over a restart is ``AdjustableTime/advance(to:)``.
package final class SteadyTime: AdjustableTime {
    private let offset: Atomic<Int64>

    /// Creates a clock that begins at the system's time and then follows the monotonic clock.
    package init() { offset = Atomic(Self.read(CLOCK_REALTIME) &- Self.read(CLOCK_BOOTTIME)) }

    /// Returns the present moment by the monotonic clock, which also counts while the machine sleeps.
    package func now() -> Timestamp {
        Timestamp(nanoseconds: Self.read(CLOCK_BOOTTIME) &+ offset.load(ordering: .relaxed))
    }

    /// Returns the present moment by the system's clock, which may jump.
    package func systemNow() -> Timestamp { Timestamp(nanoseconds: Self.read(CLOCK_REALTIME)) }

    /// Moves the clock forward to `moment`, or leaves it where it is when that has passed.
    package func advance(to moment: Timestamp) {
        let wanted = moment.nanoseconds.subtractingReportingOverflow(Self.read(CLOCK_BOOTTIME))
        guard !wanted.overflow else { return }
        offset.max(wanted.partialValue, ordering: .relaxed)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
