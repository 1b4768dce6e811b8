/// What one process accepts. Every number is a maximum.
package struct ShellLimits: Sendable, Hashable {
    /// No configuration may raise a body past this.
    package static let bodyBytesCeiling = 32 << 20

    package var bodyBytesMax = 1 << 20
    package var headerBytesMax = 16 << 10
    package var headerCountMax = 100
    /// Path and query: enough for the longest path with every byte encoded, and a query.
    package var targetBytesMax = 10 << 10
    /// Per listener; more wait in the kernel's backlog.
    package var connectionsMax = 8_192
    /// Requests with an answer under way, over all listeners.
    package var requestsMax = 4_096
    /// Bodies in memory at one time, over all listeners.
    package var bodyBytesTotalMax = 256 << 20

    package init() {}
}

/// How long the shell waits for a client, in milliseconds.
package struct ShellTimeouts: Sendable, Hashable {
    /// From the first byte of a request, or from the connection's start, to the end of its head.
    package var headerMilliseconds = 10_000
    /// From the end of the head to the end of the body.
    package var readMilliseconds = 30_000
    /// For a client that does not take its answer.
    package var writeMilliseconds = 60_000
    /// Between requests.
    package var idleMilliseconds = 300_000
    /// For the answer, from the end of the request.
    package var requestMilliseconds = 90_000
    /// For a refused client to read why, before its connection is cut.
    package var lingerMilliseconds = 1_000
    /// For a connection to finish once the server stops.
    package var shutdownMilliseconds = 30_000

    package init() {}
}
