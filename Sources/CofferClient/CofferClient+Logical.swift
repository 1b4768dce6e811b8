public import Syntax

extension CofferClient {
    /// What stands at a path; nil when there is nothing. A 404 that carries data (a deleted version) is returned.
    public func read(_ path: String, query: [QueryItem] = []) async throws(ClientError) -> Secret? {
        try await Self.optional(send(.get, path, query: query))
    }

    /// The envelope with `data.keys`; nil when there is nothing below the path.
    public func list(_ path: String, query: [QueryItem] = []) async throws(ClientError) -> Secret? {
        try await Self.optional(send(.list, path, query: query))
    }

    /// Nil when the server has nothing to answer (204).
    @discardableResult
    public func write(_ path: String, _ data: JSONObject = JSONObject()) async throws(ClientError) -> Secret? {
        try await request(.put, path, body: .object(data)).secret
    }

    /// A merge patch (RFC 7396): a null removes a member.
    @discardableResult
    public func patch(_ path: String, _ data: JSONObject) async throws(ClientError) -> Secret? {
        try await request(.patch, path, body: .object(data), headers: [.mergePatch]).secret
    }

    @discardableResult
    public func delete(_ path: String, query: [QueryItem] = []) async throws(ClientError) -> Secret? {
        try await request(.delete, path, query: query).secret
    }

    /// The help text of a path (`?help=1`). A mount answers with and without the slash at its end.
    public func help(_ path: String) async throws(ClientError) -> String {
        try await pathHelp(path)["help"]?.stringValue ?? ""
    }

    /// The whole answer to `?help=1`: `help`, `see_also` and, from newer servers, `openapi`.
    public func pathHelp(_ path: String) async throws(ClientError) -> JSONObject {
        let query = [QueryItem("help", "1")]
        var response = try await send(.get, path, query: query)
        if response.status == 404, path.utf8.last != UInt8(ascii: "/") { response = try await send(.get, path + "/", query: query) }
        let object = try response.checked().object()
        return object["help"] == nil ? object["data"]?.objectValue ?? object : object
    }

    private static func optional(_ response: ClientResponse) throws(ClientError) -> Secret? {
        if response.status == 404 {
            guard response.errors.isEmpty else { throw ClientError(api: response) }
            return response.secret
        }
        return try response.checked().secret
    }
}

extension HeaderItem {
    public static let mergePatch = HeaderItem("Content-Type", "application/merge-patch+json")
}
