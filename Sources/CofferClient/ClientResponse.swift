public import Syntax

/// An answer of the server, with any HTTP status.
public struct ClientResponse: Sendable {
    /// The HTTP status, such as 200.
    public var status: Int
    /// The header fields in the order in which they were received.
    public var headers: [HeaderItem]
    /// The body exactly as received.
    public var body: [UInt8]
    /// The body parsed as JSON, or nil if it is empty or not valid JSON. Numbers keep the digits that were sent.
    public var json: JSON?
    /// The method of the request.
    public var method: ClientMethod
    /// The URL of the request; after redirects, the last one.
    public var url: String

    init(_ raw: TransportResponse, method: ClientMethod, url: String) {
        status = raw.status
        headers = raw.headers
        body = raw.body
        json = raw.body.isEmpty ? nil : try? JSON(parsing: raw.body, limits: Self.limits)
        self.method = method
        self.url = url
    }

    /// Whether the status is from 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The texts in the body's `errors` member, or an empty array if there is none.
    public var errors: [String] {
        json?["errors"]?.arrayValue?.compactMap { $0.stringValue ?? String(decoding: $0.encoded(), as: UTF8.self) } ?? []
    }

    /// The body as an envelope of the Vault API, or nil if it has no data, token, wrapping token, lease or warnings.
    public var secret: Secret? { json.flatMap { Secret($0) } }

    /// Returns this answer if its status is below 400.
    ///
    /// - Returns: This answer.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the status is 400 or more.
    public func checked() throws(ClientError) -> ClientResponse {
        guard status >= 400 else { return self }
        throw ClientError(api: self)
    }

    /// Returns this answer if it is not wrapped, for calls that need its content.
    ///
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/wrapped`` if it is.
    func opened() throws(ClientError) -> ClientResponse {
        guard json?["wrap_info"]?.objectValue != nil else { return self }
        throw ClientError(wrapped: self)
    }

    /// Returns the body as a JSON object.
    ///
    /// - Returns: The object.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/wrapped`` if the answer is wrapped, or
    ///   ``ClientError/Code/invalidResponse`` if the body is not a JSON object.
    public func object() throws(ClientError) -> JSONObject {
        _ = try opened()
        guard let object = json?.objectValue else {
            throw ClientError(.invalidResponse, "the answer is not a JSON object", method: method, url: url)
        }
        return object
    }

    /// Whether a read may succeed when it is repeated: the server is a standby that lags behind (412) or fails for a moment (5xx).
    ///
    /// A sealed or uninitialized server answers 503 too, but repeating the read does not open it.
    var isTransientFailure: Bool {
        guard status == 412 || (500...599).contains(status), status != 501 else { return false }
        return !errors.contains { $0.contains("sealed") || $0.contains("not initialized") }
    }

    private static let limits = JSONLimits(depthMax: 512, nodesMax: 10_000_000)
}
