public import Syntax

/// The operations on tokens, under `auth/token/`.
///
/// Obtained from ``CofferClient/tokens``. The objects returned have the members that the Vault API documents for each path.
public struct TokenClient: Sendable {
    let client: CofferClient
}

extension CofferClient {
    /// The operations on tokens, under `auth/token/`.
    public var tokens: TokenClient { TokenClient(client: self) }
}

extension TokenClient {
    /// Creates a token.
    ///
    /// - Parameters:
    ///   - options: The token's settings under the names of the Vault API, such as `policies`, `ttl`, `num_uses`.
    ///   - role: The token role whose settings apply, or nil for none.
    ///   - orphan: Whether the token has no parent, so that it outlives the token that creates it. Ignored with a role.
    /// - Returns: The new token.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func create(_ options: JSONObject, role: String? = nil, orphan: Bool = false) async throws(ClientError) -> Secret.Auth {
        var path = orphan ? "auth/token/create-orphan" : "auth/token/create"
        if let role { path = "auth/token/create/" + role }
        return try auth(await client.request(.post, path, body: .object(options)))
    }

    /// Returns the properties of the client's own token.
    ///
    /// - Returns: An object with `accessor`, `policies`, `ttl` (in seconds), `renewable` and more.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the token is invalid, expired or revoked.
    public func lookupSelf() async throws(ClientError) -> JSONObject {
        try data(await client.request(.get, "auth/token/lookup-self"))
    }

    /// Returns the properties of a token.
    ///
    /// - Parameter token: The token.
    /// - Returns: An object as ``lookupSelf()`` returns it.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func lookup(_ token: String) async throws(ClientError) -> JSONObject {
        try data(await client.request(.post, "auth/token/lookup", body: ["token": .string(token)]))
    }

    /// Returns the properties of the token with the given accessor.
    ///
    /// - Parameter accessor: The accessor.
    /// - Returns: An object as ``lookupSelf()`` returns it, without the token itself.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func lookup(accessor: String) async throws(ClientError) -> JSONObject {
        try data(await client.request(.post, "auth/token/lookup-accessor", body: ["accessor": .string(accessor)]))
    }

    /// Extends the lifetime of the client's own token.
    ///
    /// - Parameter increment: The lifetime to ask for, in seconds from now, or nil for the token's own TTL. The server may grant less.
    /// - Returns: The token with its new lifetime.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the token is not renewable, expired or revoked.
    public func renewSelf(increment: Int? = nil) async throws(ClientError) -> Secret.Auth {
        let body: JSON = increment.map { ["increment": .int($0)] } ?? [:]
        return try auth(await client.request(.post, "auth/token/renew-self", body: body))
    }

    /// Extends the lifetime of a token.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - increment: The lifetime to ask for, in seconds from now, or nil for the token's own TTL. The server may grant less.
    /// - Returns: The token with its new lifetime.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the token is not renewable, expired or revoked.
    public func renew(_ token: String, increment: Int? = nil) async throws(ClientError) -> Secret.Auth {
        var body: JSONObject = ["token": .string(token)]
        body["increment"] = increment.map { .int($0) }
        return try auth(await client.request(.post, "auth/token/renew", body: .object(body)))
    }

    /// Revokes the client's own token, the tokens that it created and their leases.
    ///
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func revokeSelf() async throws(ClientError) { try await client.request(.post, "auth/token/revoke-self") }

    /// Revokes a token, the tokens that it created and their leases.
    ///
    /// - Parameter token: The token.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func revoke(_ token: String) async throws(ClientError) {
        try await client.request(.post, "auth/token/revoke", body: ["token": .string(token)])
    }

    /// Revokes the token with the given accessor, the tokens that it created and their leases.
    ///
    /// - Parameter accessor: The accessor.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func revoke(accessor: String) async throws(ClientError) {
        try await client.request(.post, "auth/token/revoke-accessor", body: ["accessor": .string(accessor)])
    }

    /// Returns what the client's own token may do on a path.
    ///
    /// - Parameter path: The path below `/v1`, such as `secret/data/app`.
    /// - Returns: Capabilities such as `read` and `update`, or `deny` alone if there are none.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func capabilitiesSelf(_ path: String) async throws(ClientError) -> [String] {
        let data = try data(await client.request(.post, "sys/capabilities-self", body: ["paths": [.string(path)]]))
        return (data[path] ?? data["capabilities"])?.texts ?? []
    }

    /// Returns what a token may do on a path.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - path: The path below `/v1`, such as `secret/data/app`.
    /// - Returns: Capabilities such as `read` and `update`, or `deny` alone if there are none.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request.
    public func capabilities(of token: String, _ path: String) async throws(ClientError) -> [String] {
        let body: JSON = ["token": .string(token), "paths": [.string(path)]]
        let data = try data(await client.request(.post, "sys/capabilities", body: body))
        return (data[path] ?? data["capabilities"])?.texts ?? []
    }

    private func auth(_ response: ClientResponse) throws(ClientError) -> Secret.Auth {
        guard let auth = response.secret?.auth else {
            throw ClientError(.invalidResponse, "the answer does not contain a token", method: response.method, url: response.url)
        }
        return auth
    }

    private func data(_ response: ClientResponse) throws(ClientError) -> JSONObject {
        let object = try response.object()
        return object["data"]?.objectValue ?? object
    }
}
