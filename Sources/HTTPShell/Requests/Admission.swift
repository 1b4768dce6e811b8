import Synchronization

/// The number of requests in progress and of body bytes in memory, over all listeners.
///
/// Requests beyond the capacity are refused before they use memory.
package final class Admission: Sendable {
    private let requestsMax: Int
    private let bodyBytesMax: Int
    private let largeBodyBytesMax: Int
    private let requests = Atomic<Int>(0)
    private let bodyBytes = Atomic<Int>(0)
    private let largeBodyBytes = Atomic<Int>(0)

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
    func end(bodyBytes count: Int, isLarge: Bool = false) {
        requests.subtract(1, ordering: .relaxed)
        release(bodyBytes: count, isLarge: isLarge)
    }

    /// Counts body bytes that are about to be kept in memory.
    ///
    /// - Parameters:
    ///   - count: The number of bytes.
    ///   - isLarge: Whether the body may be larger than ``RequestLimits/strangerBodyBytesMax``.
    /// - Returns: False if the capacity is exhausted; the request must then be refused and the bytes are not counted.
    func reserve(bodyBytes count: Int, isLarge: Bool = false) -> Bool {
        guard bodyBytes.add(count, ordering: .relaxed).newValue <= bodyBytesMax else {
            bodyBytes.subtract(count, ordering: .relaxed)
            return false
        }
        guard isLarge else { return true }
        guard largeBodyBytes.add(count, ordering: .relaxed).newValue <= largeBodyBytesMax else {
            largeBodyBytes.subtract(count, ordering: .relaxed)
            bodyBytes.subtract(count, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Ends the count of body bytes.
    func release(bodyBytes count: Int, isLarge: Bool = false) {
        guard count > 0 else { return }
        bodyBytes.subtract(count, ordering: .relaxed)
        if isLarge { largeBodyBytes.subtract(count, ordering: .relaxed) }
    }

    /// The number of requests in progress and of body bytes in memory, for metrics and tests.
    package var current: (requests: Int, bodyBytes: Int) {
        (requests.load(ordering: .relaxed), bodyBytes.load(ordering: .relaxed))
    }
}
