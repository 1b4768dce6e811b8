import Glibc

/// What time it is. Injected everywhere, so that tests decide.
package protocol TimeSource: Sendable {
    func now() -> Timestamp
}

/// The time of day when the process started, carried on by the monotonic clock.
///
/// A step of the system's clock while the server runs moves no deadline: no token outlives its TTL because
/// somebody set the clock back.
package struct SteadyTime: TimeSource {
    private let offset: Int64

    package init() { offset = Self.read(CLOCK_REALTIME) - Self.read(CLOCK_BOOTTIME) }

    package func now() -> Timestamp { Timestamp(nanoseconds: Self.read(CLOCK_BOOTTIME) + offset) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
