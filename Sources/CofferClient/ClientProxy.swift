internal import AsyncHTTPClient

/// A proxy that connections are made through: an HTTP proxy such as `http://user:password@host:3128`, or a SOCKS 5 proxy such as
/// `socks5://host:1080`.
public struct ClientProxy: Sendable, Hashable {
    /// The protocol of a proxy.
    private enum Kind { case http, socks }

    private let kind: Kind
    private let host: String
    private let port: Int
    private let user: String?
    private let password: String

    /// Creates a proxy from its URL.
    ///
    /// - Parameter text: A URL with the scheme `http`, `socks5` or `socks5h`. The port is 80 or 1080 unless given. A user name and
    ///   password are used with HTTP proxies only. Whatever follows the host and port is ignored.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidConfiguration`` if the text has another form.
    public init(_ text: String) throws(ClientError) {
        let refusal = ClientError(
            .invalidConfiguration, "the proxy address must have the form http://host:port or socks5://host:port")
        guard let (scheme, whole) = Self.cut(text[...], at: "://") else { throw refusal }
        switch scheme.lowercased() {
        case "http": kind = .http
        case "socks5", "socks5h": kind = .socks
        default: throw refusal
        }
        var authority = Substring(whole.utf8.prefix { $0 != UInt8(ascii: "/") })
        if let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) {
            let credentials = authority[..<at]
            authority = authority[authority.utf8.index(after: at)...]
            let parts = Self.cut(credentials, at: ":")
            user = String(parts?.before ?? credentials)
            password = String(parts?.after ?? "")
        } else {
            user = nil
            password = ""
        }
        var name = authority
        var number = kind == .http ? 80 : 1_080
        let closing = authority.utf8.lastIndex(of: UInt8(ascii: "]"))
        if let colon = authority.utf8.lastIndex(of: UInt8(ascii: ":")), closing.map({ $0 < colon }) ?? true {
            name = authority[..<colon]
            guard let given = Int(authority[authority.utf8.index(after: colon)...]), (1...65_535).contains(given) else {
                throw refusal
            }
            number = given
        }
        if name.utf8.first == UInt8(ascii: "["), closing != nil { name = Substring(name.utf8.dropFirst().dropLast()) }
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw refusal }
        (host, port) = (String(name), number)
    }

    /// The proxy in the form that AsyncHTTPClient takes.
    var setting: HTTPClient.Configuration.Proxy {
        switch kind {
        case .http: .server(host: host, port: port, authorization: user.map { .basic(username: $0, password: password) })
        case .socks: .socksServer(host: host, port: port)
        }
    }

    /// Returns the text before and after the first occurrence of `mark`, or nil if it does not occur.
    private static func cut(_ text: Substring, at mark: String) -> (before: Substring, after: Substring)? {
        var rest = text.utf8
        while !rest.isEmpty {
            if rest.starts(with: mark.utf8) {
                return (text[..<rest.startIndex], Substring(rest.dropFirst(mark.utf8.count)))
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
