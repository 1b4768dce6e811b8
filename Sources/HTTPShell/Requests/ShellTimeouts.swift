/// The time limits of a connection, in milliseconds.
package struct ShellTimeouts: Sendable, Hashable {
    /// The limit for a head, from the start of the connection or the first byte of the request to the end of the head.
    package var headerMilliseconds = 10_000
    /// The limit for a body, from the end of the head to the end of the body.
    package var readMilliseconds = 30_000
    /// The limit for a client to receive an answer.
    package var writeMilliseconds = 60_000
    /// The limit for a connection without a request.
    package var idleMilliseconds = 300_000
    /// The limit for making an answer, from the end of the request.
    package var requestMilliseconds = 90_000
    /// The time for a client to read the last answer before its connection is closed.
    package var lingerMilliseconds = 1_000
    /// The time for a connection to finish its requests when the server shuts down.
    package var shutdownMilliseconds = 30_000

    /// Creates the default time limits.
    package init() {}
}
