package import Syntax

/// Another server that speaks the Vault API. The creator of the engine provides the implementation, and with it the network.
package protocol RemoteVault: Sendable {
    /// Sends a request and returns the answer, whatever its status code.
    ///
    /// - Parameter path: The path after `/v1/`, not percent-encoded.
    /// - Throws: ``RemoteFailure`` if there was no answer.
    func send(_ method: RemoteMethod, _ path: String, query: [(name: String, value: String)], body: JSONObject?)
        async throws(RemoteFailure) -> RemoteAnswer
}

/// The method of a request to another server.
package enum RemoteMethod: String, Sendable {
    case get, list, put, patch, delete
}

/// The answer of another server.
package struct RemoteAnswer: Sendable {
    /// The HTTP status code.
    package var status: Int
    /// The members of `errors`.
    package var errors: [String]
    /// The `data` member of the answer's envelope.
    package var data: JSONObject?

    /// Creates an answer.
    package init(status: Int, errors: [String] = [], data: JSONObject? = nil) {
        self.status = status
        self.errors = errors
        self.data = data
    }
}

/// There was no answer. The error says nothing about the request.
package struct RemoteFailure: Error, Sendable {
    /// Creates the error.
    package init() {}
}
