package import EngineKit

/// The arithmetic of leases. Pure, so that every corner is a test. No result is without an end.
package enum LeaseLifetime {
    /// Seconds that a new lease asks for, and those that no renewal passes. `defaultTTL` and `maxTTL` are the mount's.
    package static func terms(_ grant: LeaseGrant, defaultTTL: Int, maxTTL: Int) -> (ttl: Int, maxTTL: Int) {
        let limit = max(1, grant.maxTTL > 0 ? min(grant.maxTTL, maxTTL) : maxTTL)
        return (min(max(1, grant.ttl > 0 ? grant.ttl : defaultTTL), limit), limit)
    }

    /// When a new lease ends. nil when that moment has come.
    ///
    /// The end of a service token is not in it: the lease is revoked with the token, whenever that is.
    package static func end(_ lease: LeaseEntry, at now: Timestamp) -> Timestamp? {
        later(than: now, [now.adding(seconds: lease.ttl), lease.limit])
    }

    /// When a renewed lease ends, or nil when it has reached an end that no renewal moves.
    package static func renewedEnd(
        _ lease: LeaseEntry, grant: LeaseGrant, maxTTL: Int = .max, at now: Timestamp
    ) -> Timestamp? {
        let ttl = grant.ttl > 0 ? grant.ttl : lease.ttl
        return later(than: now, [now.adding(seconds: ttl), latestEnd(lease, grant: grant, maxTTL: maxTTL)])
    }

    /// The moment that no renewal passes: the lowest of the lease's own maximum, the grant's and the mount's of today.
    package static func latestEnd(_ lease: LeaseEntry, grant: LeaseGrant, maxTTL: Int = .max) -> Timestamp {
        let seconds = min(grant.maxTTL > 0 ? min(grant.maxTTL, lease.maxTTL) : lease.maxTTL, max(1, maxTTL))
        let end = lease.issuedAt.adding(seconds: seconds)
        return lease.limit.map { min($0, end) } ?? end
    }

    /// Seconds until a revocation that failed so many times is tried again: doubled each time, and spread by a fifth to
    /// both sides, so that what failed together does not come back together. `spread` is random, from 0 to 255.
    package static func wait(afterFailures failures: Int, spread: UInt8) -> Int {
        jittered(min(waitMinSeconds << min(max(failures - 1, 0), 20), waitMaxSeconds), spread)
    }

    package static func jittered(_ seconds: Int, _ spread: UInt8) -> Int {
        max(1, seconds * 4 / 5 + seconds * 2 * Int(spread) / (5 * 255))
    }

    package static let waitMinSeconds = 5
    package static let waitMaxSeconds = 3_600

    private static func later(than now: Timestamp, _ ends: [Timestamp?]) -> Timestamp? {
        guard let end = ends.compactMap({ $0 }).min(), end > now else { return nil }
        return end
    }
}
