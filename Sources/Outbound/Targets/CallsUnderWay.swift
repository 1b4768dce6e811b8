import Synchronization

/// The number of requests to targets that wait for an answer, in total and for each host, so that one slow server cannot hold
/// an unlimited number of connections or keep requests from the others.
final class CallsUnderWay: Sendable {
    private let counts = Mutex<(total: Int, byHost: [String: Int])>((0, [:]))
    private let totalMax: Int
    private let perHostMax: Int

    /// Creates a count with its limits.
    init(totalMax: Int = 256, perHostMax: Int = 64) {
        self.totalMax = totalMax
        self.perHostMax = perHostMax
    }

    /// Counts a request to a host. Returns false if there are too many; it is not counted then.
    func begin(_ host: String) -> Bool {
        counts.withLock { counts in
            guard counts.total < totalMax, counts.byHost[host, default: 0] < perHostMax else { return false }
            counts.total += 1
            counts.byHost[host, default: 0] += 1
            return true
        }
    }

    /// Ends the count of a request.
    func end(_ host: String) {
        counts.withLock { counts in
            counts.total -= 1
            let left = counts.byHost[host, default: 1] - 1
            counts.byHost[host] = left > 0 ? left : nil
        }
    }
}
