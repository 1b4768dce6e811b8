/// A request to refresh one connection, by a caller or by the server's own jobs.
struct RefreshRequest: Sendable {
    var id: ConnectionID
    /// The generation of the grant that the requester saw. A newer grant that is usable answers the request without a refresh.
    var seenGeneration: Int
    /// Who is named in the audit trail and in events: a caller's display name, or ``Refresher/backgroundActor``.
    var actor: String
    /// The id of the HTTP request that led here, or a fresh one for a background refresh.
    var requestID: String
    /// Whether an operator asked for this refresh. It then ignores the wait after a failure and the circuit breaker.
    var isManual = false
    /// Whether to send a refresh token again that an interrupted refresh may already have spent.
    var retriesInDoubt = false
}
