/// The largest requests that a listener accepts.
package struct RequestLimits: Sendable, Hashable {
    /// The largest body that a configuration can allow, in bytes.
    package static let bodyBytesCeiling = 32 << 20

    /// The largest body in bytes of a caller with valid credentials.
    package var bodyBytesMax = 32 << 20
    /// The largest body in bytes of other callers: logins, invalid tokens, and dialects that authenticate the whole request.
    package var strangerBodyBytesMax = 1 << 20
    /// The largest size of all header fields together, in bytes.
    package var headerBytesMax = 16 << 10
    /// The largest number of header fields.
    package var headerCountMax = 100
    /// The largest size of path and query in bytes: enough for the longest path with all bytes encoded, and a query.
    package var targetBytesMax = 10 << 10
    /// The largest number of connections. Further connections wait in the kernel's backlog.
    package var connectionsMax = 8_192

    /// Creates the default limits.
    package init() {}

    /// The largest body in bytes that is read before the caller's credentials are checked.
    var unaskedBodyBytesMax: Int { min(bodyBytesMax, strangerBodyBytesMax) }
}

/// The largest amount of work that the process accepts at the same time, over all listeners.
package struct ShellCapacity: Sendable, Hashable {
    /// The largest number of requests in progress.
    package var requestsMax = 4_096
    /// The largest number of body bytes in memory.
    package var bodyBytesMax = 256 << 20
    /// The part of ``bodyBytesMax`` that bodies above ``RequestLimits/strangerBodyBytesMax`` may use, so that they leave
    /// room for small requests.
    package var largeBodyBytesMax = 128 << 20

    /// Creates the default capacity.
    package init() {}
}
