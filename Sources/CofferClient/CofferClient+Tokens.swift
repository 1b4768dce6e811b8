public import Syntax

/// The `auth/token/` routes.
public struct TokenClient: Sendable {
    let client: CofferClient
}

extension CofferClient {
    public var tokens: TokenClient { TokenClient(client: self) }
}

extension TokenClient {
    /// `policies`, `ttl`, `display_name`, `num_uses`, … as the Vault API names them.
    public func create(_ options: JSONObject, role: String? = nil, orphan: Bool = false) async throws(ClientError) -> Secret.Auth {
        let path = role.map { "auth/token/create/" + $0 } ?? (orphan ? "auth/token/create-orphan" : "auth/token/create")
        return try auth(await client.request(.post, path, body: .object(options)))
    }

    public func lookupSelf() async throws(ClientError) -> JSONObject {
        try data(await client.request(.get, "auth/token/lookup-self"))
    }

    public func lookup(_ token: String) async throws(ClientError) -> JSONObject {
        try data(await client.request(.post, "auth/token/lookup", body: ["token": .string(token)]))
    }

    public func lookup(accessor: String) async throws(ClientError) -> JSONObject {
        try data(await client.request(.post, "auth/token/lookup-accessor", body: ["accessor": .string(accessor)]))
    }

    /// `increment` in seconds; the token's own TTL when nil.
    public func renewSelf(increment: Int? = nil) async throws(ClientError) -> Secret.Auth {
        let body: JSON = increment.map { ["increment": .int($0)] } ?? [:]
        return try auth(await client.request(.post, "auth/token/renew-self", body: body))
    }

    public func renew(_ token: String, increment: Int? = nil) async throws(ClientError) -> Secret.Auth {
        var body: JSONObject = ["token": .string(token)]
        body["increment"] = increment.map { .int($0) }
        return try auth(await client.request(.post, "auth/token/renew", body: .object(body)))
    }

    public func revokeSelf() async throws(ClientError) { try await client.request(.post, "auth/token/revoke-self") }

    public func revoke(_ token: String) async throws(ClientError) {
        try await client.request(.post, "auth/token/revoke", body: ["token": .string(token)])
    }

    public func revoke(accessor: String) async throws(ClientError) {
        try await client.request(.post, "auth/token/revoke-accessor", body: ["accessor": .string(accessor)])
    }

    /// What the caller's own token may do on a path.
    public func capabilitiesSelf(_ path: String) async throws(ClientError) -> [String] {
        let data = try data(await client.request(.post, "sys/capabilities-self", body: ["paths": [.string(path)]]))
        return (data[path] ?? data["capabilities"])?.texts ?? []
    }

    public func capabilities(of token: String, _ path: String) async throws(ClientError) -> [String] {
        let body: JSON = ["token": .string(token), "paths": [.string(path)]]
        let data = try data(await client.request(.post, "sys/capabilities", body: body))
        return (data[path] ?? data["capabilities"])?.texts ?? []
    }

    private func auth(_ response: ClientResponse) throws(ClientError) -> Secret.Auth {
        guard let auth = response.secret?.auth else {
            throw ClientError(.invalidResponse, "the answer holds no token", method: response.method, url: response.url)
        }
        return auth
    }

    private func data(_ response: ClientResponse) throws(ClientError) -> JSONObject {
        let object = try response.object()
        return object["data"]?.objectValue ?? object
    }
}
