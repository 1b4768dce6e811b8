import Synchronization

/// Counts what the process has under way, so that a flood is refused before it costs memory.
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

    func beginRequest() -> Bool {
        guard requests.add(1, ordering: .relaxed).newValue <= requestsMax else {
            requests.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// The answer is made; nothing of the request is left in memory.
    func end(bodyBytes count: Int, isLarge: Bool = false) {
        requests.subtract(1, ordering: .relaxed)
        release(bodyBytes: count, isLarge: isLarge)
    }

    /// - Parameter isLarge: The body may be larger than a stranger's.
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

    func release(bodyBytes count: Int, isLarge: Bool = false) {
        guard count > 0 else { return }
        bodyBytes.subtract(count, ordering: .relaxed)
        if isLarge { largeBodyBytes.subtract(count, ordering: .relaxed) }
    }

    /// For metrics and tests.
    package var current: (requests: Int, bodyBytes: Int) {
        (requests.load(ordering: .relaxed), bodyBytes.load(ordering: .relaxed))
    }
}
