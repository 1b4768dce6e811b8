package import SecretMemory

/// Credentials other than a token, sent with the request that they are for: a service's name and token, or an engine's id
/// and key. A dialect reads them, and the ``InlineAuthenticator`` of their kind verifies them.
package struct InlineCredentials: Sendable {
    /// The kind, which selects the authenticator, such as `service`.
    package var kind: String
    /// The name that the caller claims. It is not verified, and failures are counted for it.
    package var name: String
    /// The token or key that the caller sent.
    package var secret: SecretBytes

    /// Creates credentials from what a dialect read in a request.
    package init(kind: String, name: String, secret: SecretBytes) {
        self.kind = kind
        self.name = name
        self.secret = secret
    }
}

/// The credentials and the request to verify them for.
package struct InlineAttempt: Sendable {
    /// The credentials of the request.
    package var credentials: InlineCredentials
    /// The operation, as the dialect requests it; `.update` for every write.
    package var operation: Operation
    /// The path of the request in the pipeline.
    package var path: CanonicalPath
    /// Where the request came from.
    package var connection: Connection

    /// Creates an attempt.
    package init(credentials: InlineCredentials, operation: Operation, path: CanonicalPath, connection: Connection) {
        self.credentials = credentials
        self.operation = operation
        self.path = path
        self.connection = connection
    }
}
