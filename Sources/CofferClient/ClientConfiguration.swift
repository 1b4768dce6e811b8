internal import Syntax

/// The address of a server, the token to use, and how requests are sent.
public struct ClientConfiguration: Sendable {
    /// The address used when no other is given: a server with TLS on this machine, `https://127.0.0.1:8200`.
    public static let defaultAddress = "https://127.0.0.1:8200"

    /// The server's address: `https://host:8200`, `http://host:8200/prefix` or `unix:///run/coffer.sock`.
    ///
    /// See ``ServerAddress`` for the forms that are accepted.
    public var address: String
    /// The token sent with every request as `X-Vault-Token`, or nil to send none.
    public var token: String?
    /// The namespace sent with every request as `X-Vault-Namespace`, or nil to send none.
    public var namespace: String?
    /// The lifetime of a wrapping token, such as `60s`, sent as `X-Vault-Wrap-TTL`; nil for answers that are not wrapped.
    ///
    /// When it is set, the server keeps each answer and returns a single-use token for it, found in ``Secret/wrapInfo``. Methods
    /// that need the answer's content then throw an error with the code ``ClientError/Code/wrapped``.
    public var wrapTTL: String?
    /// Headers sent with every request. Each replaces a header of the same name that the client would send.
    public var headers: [HeaderItem]
    /// How the server's certificate is verified and which certificate the client presents. Used with `https` addresses only.
    public var tls: ClientTLS
    /// The proxy that connections are made through, or nil to connect directly.
    public var proxy: ClientProxy?
    /// Whether redirects are followed. True by default.
    ///
    /// A redirect to another scheme, host or port is never followed, because the token would be sent there; it is thrown as
    /// ``ClientError/Code/redirectRefused``.
    public var followsRedirects: Bool
    /// The time limit of one exchange, from connecting to the last byte of the answer. 60 seconds by default.
    public var timeout: Duration
    /// How many times a read is repeated after an answer of 412 or 5xx, from 0 to 100. 2 by default.
    ///
    /// Writes are never repeated, since a failed answer does not tell whether the write was made.
    public var retriesMax: Int
    /// The pause before a read is repeated for the first time; each later pause is twice as long. 250 milliseconds by default.
    public var retryWait: Duration
    /// The largest body of an answer that is accepted, in bytes. 64 MiB by default.
    ///
    /// A longer answer is thrown as ``ClientError/Code/responseTooLarge``.
    public var responseBytesMax: Int

    /// Creates a configuration with default settings.
    ///
    /// - Parameters:
    ///   - address: The server's address. It is checked when a client is created.
    ///   - token: The token to send, or nil to send none.
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
            throw ClientError(
                .invalidConfiguration, "the header \(item.name) contains a character that is not allowed, such as a line break")
        }
        guard timeout > .zero, retriesMax >= 0, retriesMax <= 100, responseBytesMax > 0 else {
            throw ClientError(
                .invalidConfiguration,
                "timeout and responseBytesMax must be greater than zero, and retriesMax must be from 0 to 100")
        }
    }

    /// Returns the headers of one request. Of several headers with the same name, the last is sent, except for `X-Vault-MFA`, of
    /// which each is for another method.
    func requestHeaders(replacedBy extra: [HeaderItem]) -> [HeaderItem] {
        var result = [HeaderItem("X-Vault-Request", "true"), HeaderItem("User-Agent", "coffer/\(CofferVersion.text)")]
        if let token, !token.isEmpty { result.append(HeaderItem("X-Vault-Token", token)) }
        if let namespace, !namespace.isEmpty { result.append(HeaderItem("X-Vault-Namespace", namespace)) }
        if let wrapTTL, !wrapTTL.isEmpty { result.append(HeaderItem("X-Vault-Wrap-TTL", wrapTTL)) }
        for item in headers + extra {
            let name = item.name.lowercased()
            if name != "x-vault-mfa" { result.removeAll { $0.name.lowercased() == name } }
            result.append(item)
        }
        return result
    }
}

/// The version of this client.
public enum CofferVersion {
    /// The version as `major.minor.patch`.
    public static let text = CofferProduct.version
}
