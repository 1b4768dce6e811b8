import EngineKit

/// Counts each client's requests against a quota. Memory is bounded: beyond 32,768 clients, those seen longest ago are forgotten.
struct ClientBuckets: Sendable {
    /// Whether a request is within the quota, and what is left of it.
    struct Verdict: Sendable, Hashable {
        var isAllowed: Bool
        var limit: Int
        var remaining: Int
        /// When the client's count starts again, or its block ends.
        var resetsAt: Timestamp
    }

    private struct Bucket: Sendable {
        var windowStart: Timestamp
        var used = 0
        var blockedUntil: Timestamp?
    }

    static let clientsMax = 32_768

    private let requestsMax: Int
    private let windowNanoseconds: Int64
    private let blockSeconds: Int
    /// Two generations of clients. When the younger is full, the older is dropped. A client that returns moves to the younger.
    private var young: [String: Bucket] = [:]
    private var old: [String: Bucket] = [:]

    init(_ quota: RateLimitQuota) {
        (requestsMax, windowNanoseconds) = quota.window
        blockSeconds = quota.blockInterval
    }

    /// The number of clients that are remembered.
    var clientCount: Int { young.count + old.count }

    /// Counts a request of a client, and returns whether it is allowed.
    mutating func take(_ client: String, at now: Timestamp) -> Verdict {
        var bucket = young[client] ?? old.removeValue(forKey: client) ?? Bucket(windowStart: now)
        if let until = bucket.blockedUntil, until <= now {
            bucket = Bucket(windowStart: now)
        } else if now.nanoseconds - bucket.windowStart.nanoseconds >= windowNanoseconds {
            let windows = (now.nanoseconds - bucket.windowStart.nanoseconds) / windowNanoseconds
            bucket.windowStart.nanoseconds += windows * windowNanoseconds
            bucket.used = 0
        }
        let isAllowed = bucket.blockedUntil == nil && bucket.used < requestsMax
        if isAllowed {
            bucket.used += 1
        } else if bucket.blockedUntil == nil, blockSeconds > 0 {
            bucket.blockedUntil = now.adding(seconds: blockSeconds)
        }
        keep(bucket, for: client)
        let windowEnd = Timestamp(nanoseconds: bucket.windowStart.nanoseconds + windowNanoseconds)
        return Verdict(
            isAllowed: isAllowed, limit: requestsMax, remaining: isAllowed ? requestsMax - bucket.used : 0,
            resetsAt: bucket.blockedUntil ?? windowEnd)
    }

    private mutating func keep(_ bucket: Bucket, for client: String) {
        if young[client] == nil, young.count >= Self.clientsMax / 2 {
            old = young
            young = [:]
        }
        young[client] = bucket
    }
}
