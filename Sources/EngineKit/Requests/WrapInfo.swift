/// A wrapping token, as the answer and the audit show it.
package struct WrapInfo: Sendable, Hashable {
    package var token: String
    package var accessor: String
    /// Seconds.
    package var ttl: Int
    package var createdAt: Timestamp
    /// The path whose answer waits under the token.
    package var creationPath: String
    /// The accessor of the token inside, when the answer has one.
    package var wrappedAccessor: String?

    package init(
        token: String, accessor: String, ttl: Int, createdAt: Timestamp, creationPath: String, wrappedAccessor: String? = nil
    ) {
        self.token = token
        self.accessor = accessor
        self.ttl = ttl
        self.createdAt = createdAt
        self.creationPath = creationPath
        self.wrappedAccessor = wrappedAccessor
    }
}
