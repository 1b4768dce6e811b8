/// A wrapping token, as the answer and the audit show it.
package struct WrapInfo: Sendable, Hashable {
    /// The wrapping token itself.
    package var token: String
    /// The accessor of the wrapping token.
    package var accessor: String
    /// The lifetime in seconds.
    package var ttl: Int
    /// When the answer was wrapped.
    package var createdAt: Timestamp
    /// The path whose answer was wrapped.
    package var creationPath: String
    /// The accessor of the token inside, when the answer has one.
    package var wrappedAccessor: String?

    /// Creates the answer's view of a wrapping token.
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
