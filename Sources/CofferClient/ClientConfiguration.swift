internal import Syntax

/// Where the server is and how to speak to it.
public struct ClientConfiguration: Sendable {
    public static let defaultAddress = "https://127.0.0.1:8200"

    /// `http://…`, `https://…` or `unix:///path`.
    public var address: String
    public var token: String?
    /// Sent as `X-Vault-Namespace`.
    public var namespace: String?
    /// Sent as `X-Vault-Wrap-TTL`: the answer is then a wrapping token. A duration such as `60s`.
    public var wrapTTL: String?
    /// Sent with every request; they win over the client's own.
    public var headers: [HeaderItem]
    public var tls: ClientTLS
    /// What connections go through; nil for none.
    public var proxy: ClientProxy?
    /// Within the same origin; never to another.
    public var followsRedirects: Bool
    /// A whole exchange, from connecting to the last byte.
    public var timeout: Duration
    /// Further attempts of a read answered with 412 or 5xx. Writes are never repeated.
    public var retriesMax: Int
    /// Before the first further attempt; each next one waits twice as long.
    public var retryWait: Duration
    /// A longer answer is refused.
    public var responseBytesMax: Int

    public init(address: String = ClientConfiguration.defaultAddress, token: String? = nil) {
        self.address = address
        self.token = token
        headers = []
        tls = ClientTLS()
        followsRedirects = true
        timeout = .seconds(60)
        retriesMax = 2
        retryWait = .milliseconds(250)
        responseBytesMax = 64 << 20
    }

    func validate() throws(ClientError) {
        for item in requestHeaders(replacedBy: []) where !item.isSendable {
            throw ClientError(.invalidConfiguration, "\(item.name) has a character that a header may not hold")
        }
        guard timeout > .zero, retriesMax >= 0, retriesMax <= 100, responseBytesMax > 0 else {
            throw ClientError(.invalidConfiguration, "the timeout, the retries or the response size is out of range")
        }
    }

    /// The headers of one request. A later item of the same name wins.
    func requestHeaders(replacedBy extra: [HeaderItem]) -> [HeaderItem] {
        var result = [HeaderItem("X-Vault-Request", "true"), HeaderItem("User-Agent", "coffer/\(CofferVersion.text)")]
        if let token, !token.isEmpty { result.append(HeaderItem("X-Vault-Token", token)) }
        if let namespace, !namespace.isEmpty { result.append(HeaderItem("X-Vault-Namespace", namespace)) }
        if let wrapTTL, !wrapTTL.isEmpty { result.append(HeaderItem("X-Vault-Wrap-TTL", wrapTTL)) }
        for item in headers + extra {
            result.removeAll { $0.name.lowercased() == item.name.lowercased() }
            result.append(item)
        }
        return result
    }
}

/// The version of this client, `major.minor.patch`.
public enum CofferVersion {
    public static let text = CofferProduct.version
}
