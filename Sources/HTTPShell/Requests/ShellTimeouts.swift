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
