public import Syntax

/// An answer of any status.
public struct ClientResponse: Sendable {
    public var status: Int
    public var headers: [HeaderItem]
    /// The body exactly as received.
    public var body: [UInt8]
    /// The body read as JSON: nil when it is empty or no JSON. Numbers keep their text.
    public var json: JSON?
    public var method: ClientMethod
    public var url: String

    init(_ raw: TransportResponse, method: ClientMethod, url: String) {
        status = raw.status
        headers = raw.headers
        body = raw.body
        json = raw.body.isEmpty ? nil : try? JSON(parsing: raw.body, limits: Self.limits)
        self.method = method
        self.url = url
    }

    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The `errors` list of the Vault API.
    public var errors: [String] {
        json?["errors"]?.arrayValue?.compactMap { $0.stringValue ?? String(decoding: $0.encoded(), as: UTF8.self) } ?? []
    }

    /// The envelope, when the answer has one with data, auth, wrapping or warnings in it.
    public var secret: Secret? { json.flatMap { Secret($0) } }

    /// Itself, or the API error that a status of 400 or more means.
    public func checked() throws(ClientError) -> ClientResponse {
        guard status >= 400 else { return self }
        throw ClientError(api: self)
    }

    /// Itself, or the error that a wrapped answer is where its content is needed.
    func opened() throws(ClientError) -> ClientResponse {
        guard json?["wrap_info"]?.objectValue != nil else { return self }
        throw ClientError(wrapped: self)
    }

    /// The JSON object that a successful answer must hold.
    public func object() throws(ClientError) -> JSONObject {
        _ = try opened()
        guard let object = json?.objectValue else {
            throw ClientError(.invalidResponse, "the answer is not a JSON object", method: method, url: url)
        }
        return object
    }

    /// Worth another attempt of a read: a stale standby or a failing server, but not a sealed or uninitialised one.
    var isTransientFailure: Bool {
        guard status == 412 || (500...599).contains(status), status != 501 else { return false }
        return !errors.contains { $0.contains("sealed") || $0.contains("not initialized") }
    }

    private static let limits = JSONLimits(depthMax: 512, nodesMax: 10_000_000)
}
