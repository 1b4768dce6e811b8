import Synchronization

/// Counts what the process has under way, so that a flood is refused before it costs memory.
package final class Admission: Sendable {
    private let requestsMax: Int
    private let bodyBytesMax: Int
    private let requests = Atomic<Int>(0)
    private let bodyBytes = Atomic<Int>(0)

    package init(capacity: ShellCapacity) {
        requestsMax = capacity.requestsMax
        bodyBytesMax = capacity.bodyBytesMax
    }

    func beginRequest() -> Bool {
        guard requests.add(1, ordering: .relaxed).newValue <= requestsMax else {
            requests.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// The answer is made; nothing of the request is left in memory.
    func end(bodyBytes count: Int) {
        requests.subtract(1, ordering: .relaxed)
        release(bodyBytes: count)
    }

    func reserve(bodyBytes count: Int) -> Bool {
        guard bodyBytes.add(count, ordering: .relaxed).newValue <= bodyBytesMax else {
            bodyBytes.subtract(count, ordering: .relaxed)
            return false
        }
        return true
    }

    func release(bodyBytes count: Int) { if count > 0 { bodyBytes.subtract(count, ordering: .relaxed) } }

    /// For metrics and tests.
    package var current: (requests: Int, bodyBytes: Int) {
        (requests.load(ordering: .relaxed), bodyBytes.load(ordering: .relaxed))
    }
}
