public import Syntax

extension CofferClient {
    /// Reads a path.
    ///
    /// - Parameters:
    ///   - path: The path below `/v1`, not percent-encoded, such as `secret/data/app`.
    ///   - query: The items of the query, not percent-encoded.
    /// - Returns: The answer, or nil if nothing exists at the path. A 404 that carries data is returned like any other answer: a
    ///   deleted version of a KV secret has metadata.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request or has no such route.
    public func read(_ path: String, query: [QueryItem] = []) async throws(ClientError) -> Secret? {
        try await Self.optional(send(.get, path, query: query))
    }

    /// Lists the names below a path.
    ///
    /// - Parameters:
    ///   - path: The path below `/v1`, not percent-encoded, such as `secret/metadata/team`.
    ///   - query: The items of the query, not percent-encoded.
    /// - Returns: The answer, whose `data` has the names as the array `keys`, or nil if there are none. The name of a folder ends
    ///   with a slash.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the request or has no such route.
    public func list(_ path: String, query: [QueryItem] = []) async throws(ClientError) -> Secret? {
        try await Self.optional(send(.list, path, query: query))
    }

    /// Writes to a path with `PUT`.
    ///
    /// - Parameters:
    ///   - path: The path below `/v1`, not percent-encoded.
    ///   - data: The body.
    /// - Returns: The answer, or nil if it has no content (204).
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the write.
    @discardableResult
    public func write(_ path: String, _ data: JSONObject = JSONObject()) async throws(ClientError) -> Secret? {
        try await request(.put, path, body: .object(data)).secret
    }

    /// Changes members of a record with a JSON merge patch (RFC 7396).
    ///
    /// - Parameters:
    ///   - path: The path below `/v1`, not percent-encoded.
    ///   - data: The members to set. A member that is null is removed.
    /// - Returns: The answer, or nil if it has no content (204).
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the change.
    @discardableResult
    public func patch(_ path: String, _ data: JSONObject) async throws(ClientError) -> Secret? {
        try await request(.patch, path, body: .object(data), headers: [.mergePatch]).secret
    }

    /// Deletes a path.
    ///
    /// - Parameters:
    ///   - path: The path below `/v1`, not percent-encoded.
    ///   - query: The items of the query, not percent-encoded.
    /// - Returns: The answer, or nil if it has no content (204).
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the server refuses the deletion.
    @discardableResult
    public func delete(_ path: String, query: [QueryItem] = []) async throws(ClientError) -> Secret? {
        try await request(.delete, path, query: query).secret
    }

    /// Returns the help text of a path.
    ///
    /// - Parameter path: The path below `/v1`. A mount may be named with or without a slash at the end.
    /// - Returns: The text, or an empty string if the answer has none.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if nothing answers at the path.
    public func help(_ path: String) async throws(ClientError) -> String {
        try await pathHelp(path)["help"]?.stringValue ?? ""
    }

    /// Returns everything that the server says about a path (`?help=1`).
    ///
    /// - Parameter path: The path below `/v1`. A mount may be named with or without a slash at the end.
    /// - Returns: An object with `help`, `see_also` and, from newer servers, `openapi`.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if nothing answers at the path.
    public func pathHelp(_ path: String) async throws(ClientError) -> JSONObject {
        let query = [QueryItem("help", "1")]
        var response = try await send(.get, path, query: query)
        if response.status == 404, path.utf8.last != UInt8(ascii: "/") { response = try await send(.get, path + "/", query: query) }
        let object = try response.checked().object()
        return object["help"] == nil ? object["data"]?.objectValue ?? object : object
    }

    /// Returns the content of an answer, or nil for a 404 without an error text, which means that nothing exists at the path.
    private static func optional(_ response: ClientResponse) throws(ClientError) -> Secret? {
        if response.status == 404 {
            guard response.errors.isEmpty else { throw ClientError(api: response) }
            return response.secret
        }
        return try response.checked().secret
    }
}

extension HeaderItem {
    /// The content type of a JSON merge patch (RFC 7396), which `PATCH` requests need.
    public static let mergePatch = HeaderItem("Content-Type", "application/merge-patch+json")
}
