import Synchronization

/// Counts the requests in progress and the body bytes in memory, over all listeners.
///
/// Requests beyond the capacity are refused before they use memory.
package final class Admission: Sendable {
    /// The part of the shared memory that one body uses.
    struct Claim: Hashable {
        /// The number of bytes in memory.
        fileprivate(set) var bodyBytes = 0
        /// The bytes counted against the capacity for large bodies: the announced length, or what has arrived if none was
        /// announced.
        fileprivate(set) var largeBodyBytes = 0
        /// Whether the caller's credentials allow a large body.
        fileprivate(set) var isLarge = false
    }

    private let requestsMax: Int
    private let bodyBytesMax: Int
    private let largeBodyBytesMax: Int
    private let requests = Atomic<Int>(0)
    private let streams = Atomic<Int>(0)
    private let bodyBytes = Atomic<Int>(0)
    private let largeBodyBytes = Atomic<Int>(0)

    /// Creates the count for a process with this capacity.
    package init(capacity: ShellCapacity) {
        requestsMax = capacity.requestsMax
        bodyBytesMax = capacity.bodyBytesMax
        largeBodyBytesMax = capacity.largeBodyBytesMax
    }

    /// Counts a request whose answer is about to be made.
    ///
    /// - Returns: False if the capacity is exhausted; the request must then be refused and is not counted.
    func beginRequest() -> Bool {
        guard requests.add(1, ordering: .relaxed).newValue <= requestsMax else {
            requests.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Ends the count of a request whose answer is complete, and releases its body.
    func end(_ claim: Claim = Claim()) {
        requests.subtract(1, ordering: .relaxed)
        release(claim)
    }

    /// The largest number of answers that are streamed at once. They are not counted as requests, because a client may take
    /// long to read one.
    private static let streamsMax = 1_024

    /// Counts an answer that is about to be streamed. Returns false if there are too many; it is not counted then.
    func beginStream() -> Bool {
        guard streams.add(1, ordering: .relaxed).newValue <= Self.streamsMax else {
            streams.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Ends the count of a streamed answer.
    func endStream() { streams.subtract(1, ordering: .relaxed) }

    /// Allows a large body for a known caller. Returns false if there is no room for the announced length.
    ///
    /// An announced length uses no memory yet. It is counted so that, of many large bodies at the same time, the first ones
    /// are read completely and the others are refused before they are sent.
    func admitLarge(announced: Int?, _ claim: inout Claim) -> Bool {
        claim.isLarge = true
        return extendLarge(&claim, to: max(announced ?? 0, claim.bodyBytes))
    }

    /// Counts body bytes that are about to be kept in memory. Returns false if the capacity is exhausted; the request must then be
    /// refused and its claim released.
    func reserve(bodyBytes count: Int, _ claim: inout Claim) -> Bool {
        guard bodyBytes.add(count, ordering: .relaxed).newValue <= bodyBytesMax else {
            bodyBytes.subtract(count, ordering: .relaxed)
            return false
        }
        claim.bodyBytes += count
        return !claim.isLarge || extendLarge(&claim, to: claim.bodyBytes)
    }

    private func extendLarge(_ claim: inout Claim, to count: Int) -> Bool {
        let more = count - claim.largeBodyBytes
        guard more > 0 else { return true }
        guard largeBodyBytes.add(more, ordering: .relaxed).newValue <= largeBodyBytesMax else {
            largeBodyBytes.subtract(more, ordering: .relaxed)
            return false
        }
        claim.largeBodyBytes = count
        return true
    }

    /// Ends the count of a body.
    func release(_ claim: Claim) {
        if claim.bodyBytes > 0 { bodyBytes.subtract(claim.bodyBytes, ordering: .relaxed) }
        if claim.largeBodyBytes > 0 { largeBodyBytes.subtract(claim.largeBodyBytes, ordering: .relaxed) }
    }

    /// The number of answers that are being streamed.
    package var currentStreams: Int { streams.load(ordering: .relaxed) }

    /// The number of requests in progress and of body bytes in memory, for metrics and tests.
    package var current: (requests: Int, bodyBytes: Int) {
        (requests.load(ordering: .relaxed), bodyBytes.load(ordering: .relaxed))
    }
}
