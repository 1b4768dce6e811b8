import Synchronization

/// Counts what the process has under way, so that a flood is refused before it costs memory.
package final class Admission: Sendable {
    /// What one body takes of the room that all share.
    struct Claim: Hashable {
        /// In memory.
        fileprivate(set) var bodyBytes = 0
        /// Of the room for bodies that are larger than a stranger's: what was announced, or what has come where nothing was.
        fileprivate(set) var largeBodyBytes = 0
        /// The caller is known, so the body may be larger than a stranger's.
        fileprivate(set) var isLarge = false
    }

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
    func end(_ claim: Claim = Claim()) {
        requests.subtract(1, ordering: .relaxed)
        release(claim)
    }

    /// Lets a known caller's body be a large one; false when there is no room for as much as it announces.
    ///
    /// An announcement takes no memory. It is held against the room for large bodies so that the first of many at once are
    /// read whole and the others are refused before they are sent, rather than all of them half way.
    func admitLarge(announced: Int?, _ claim: inout Claim) -> Bool {
        claim.isLarge = true
        return extendLarge(&claim, to: max(announced ?? 0, claim.bodyBytes))
    }

    /// Room for bytes that have come.
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

    func release(_ claim: Claim) {
        if claim.bodyBytes > 0 { bodyBytes.subtract(claim.bodyBytes, ordering: .relaxed) }
        if claim.largeBodyBytes > 0 { largeBodyBytes.subtract(claim.largeBodyBytes, ordering: .relaxed) }
    }

    /// For metrics and tests.
    package var current: (requests: Int, bodyBytes: Int) {
        (requests.load(ordering: .relaxed), bodyBytes.load(ordering: .relaxed))
    }
}
