package import Syntax

/// Another server that speaks the Vault API, as this engine asks it. Whoever makes the engine brings the network.
package protocol RemoteVault: Sendable {
    /// One request; every status is an answer. Throws when there was none.
    ///
    /// - Parameter path: Below `/v1/`, not yet percent-encoded.
    func ask(_ method: RemoteMethod, _ path: String, query: [(name: String, value: String)], body: JSONObject?)
        async throws(RemoteFailure) -> RemoteAnswer
}

package enum RemoteMethod: String, Sendable {
    case get, list, put, patch, delete
}

package struct RemoteAnswer: Sendable {
    package var status: Int
    package var errors: [String]
    /// The `data` of the envelope.
    package var data: JSONObject?

    package init(status: Int, errors: [String] = [], data: JSONObject? = nil) {
        self.status = status
        self.errors = errors
        self.data = data
    }
}

/// No answer. Never says what was sent.
package struct RemoteFailure: Error, Sendable {
    package init() {}
}
