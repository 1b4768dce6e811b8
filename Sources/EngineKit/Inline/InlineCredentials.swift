package import SecretMemory

/// Credentials other than a token, sent with the request that they are for: a service's name and token, an engine's id
/// and key. A dialect reads them; the ``InlineAuthenticator`` of their kind says whose they are.
package struct InlineCredentials: Sendable {
    /// Which authenticator, such as `service`.
    package var kind: String
    /// Who the caller says it is. Nothing of it is trusted; it is the name that failures count for.
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

/// What an authenticator is asked about.
package struct InlineAttempt: Sendable {
    /// The credentials of the request.
    package var credentials: InlineCredentials
    /// As the dialect asked for it; `.update` for every write.
    package var operation: Operation
    /// The path of the request in the pipeline.
    package var path: CanonicalPath
    /// Where the request came from.
    package var connection: Connection

    /// Creates the question that an ``InlineAuthenticator`` is asked.
    package init(credentials: InlineCredentials, operation: Operation, path: CanonicalPath, connection: Connection) {
        self.credentials = credentials
        self.operation = operation
        self.path = path
        self.connection = connection
    }
}
