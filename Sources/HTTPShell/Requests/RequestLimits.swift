/// What one listener accepts of a request. Every number is a maximum.
package struct RequestLimits: Sendable, Hashable {
    /// No configuration may raise a body past this.
    package static let bodyBytesCeiling = 32 << 20

    /// Of a caller that its dialect knows.
    package var bodyBytesMax = 32 << 20
    /// Of everybody else: logins, wrong tokens, and dialects whose callers show who they are only with the whole request.
    package var strangerBodyBytesMax = 1 << 20
    package var headerBytesMax = 16 << 10
    package var headerCountMax = 100
    /// Path and query: enough for the longest path with every byte encoded, and a query.
    package var targetBytesMax = 10 << 10
    /// Further ones wait in the kernel's backlog.
    package var connectionsMax = 8_192

    package init() {}

    /// What a body may hold without anybody being asked who sends it.
    var unaskedBodyBytesMax: Int { min(bodyBytesMax, strangerBodyBytesMax) }
}

/// What the process keeps under way over all listeners.
package struct ShellCapacity: Sendable, Hashable {
    /// Requests with an answer being made.
    package var requestsMax = 4_096
    /// Bodies in memory at one time.
    package var bodyBytesMax = 256 << 20
    /// Of those the bodies that only known callers may send: however many they are, small requests go on.
    package var largeBodyBytesMax = 128 << 20

    package init() {}
}
