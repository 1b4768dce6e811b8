package import EngineKit

/// Computes the lifetimes of leases from values alone, so that every case can be tested. Every lease has an end.
package enum LeaseLifetime {
    /// Returns the TTL and the maximum TTL of a new lease in seconds. `defaultTTL` and `maxTTL` are the mount's.
    package static func terms(_ grant: LeaseGrant, defaultTTL: Int, maxTTL: Int) -> (ttl: Int, maxTTL: Int) {
        let limit = max(1, grant.maxTTL > 0 ? min(grant.maxTTL, maxTTL) : maxTTL)
        return (min(max(1, grant.ttl > 0 ? grant.ttl : defaultTTL), limit), limit)
    }

    /// Returns when a new lease ends, or nil if that time has passed.
    ///
    /// The end of a service token does not bound its leases, because they are revoked with the token.
    package static func end(_ lease: LeaseEntry, at now: Timestamp) -> Timestamp? {
        later(than: now, [now.adding(seconds: lease.ttl), lease.limit])
    }

    /// Returns when a renewed lease ends, or nil if it has reached an end that no renewal can move.
    package static func renewedEnd(
        _ lease: LeaseEntry, grant: LeaseGrant, maxTTL: Int = .max, at now: Timestamp
    ) -> Timestamp? {
        let ttl = grant.ttl > 0 ? grant.ttl : lease.ttl
        return later(than: now, [now.adding(seconds: ttl), latestEnd(lease, grant: grant, maxTTL: maxTTL)])
    }

    /// Returns the time that no renewal can pass: the earliest that the lease's own maximum, the grant's and the mount's of
    /// today allow.
    package static func latestEnd(_ lease: LeaseEntry, grant: LeaseGrant, maxTTL: Int = .max) -> Timestamp {
        let seconds = min(grant.maxTTL > 0 ? min(grant.maxTTL, lease.maxTTL) : lease.maxTTL, max(1, maxTTL))
        let end = lease.issuedAt.adding(seconds: seconds)
        return lease.limit.map { min($0, end) } ?? end
    }

    /// Returns the seconds until a revocation that failed `failures` times is tried again.
    ///
    /// The time doubles with each failure and is spread by a fifth in both directions, so that revocations that failed
    /// together are not tried again together. `spread` is random, from 0 to 255.
    package static func wait(afterFailures failures: Int, spread: UInt8) -> Int {
        jittered(min(waitMinSeconds << min(max(failures - 1, 0), 20), waitMaxSeconds), spread)
    }

    /// Returns the seconds spread by up to a fifth in both directions, for a random `spread` from 0 to 255.
    package static func jittered(_ seconds: Int, _ spread: UInt8) -> Int {
        max(1, seconds * 4 / 5 + seconds * 2 * Int(spread) / (5 * 255))
    }

    /// The shortest time until another attempt.
    package static let waitMinSeconds = 5
    /// The longest time until another attempt.
    package static let waitMaxSeconds = 3_600

    private static func later(than now: Timestamp, _ ends: [Timestamp?]) -> Timestamp? {
        guard let end = ends.compactMap({ $0 }).min(), end > now else { return nil }
        return end
    }
}
