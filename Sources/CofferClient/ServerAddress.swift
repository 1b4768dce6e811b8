internal import Syntax

/// The address of a server: `https://host:8200`, `http://host:8200/prefix` or `unix:///run/coffer.sock`.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// The way to reach a server.
    public enum Scheme: String, Sendable {
        /// HTTP without TLS.
        case http
        /// HTTP over TLS.
        case https
        /// HTTP over a Unix domain socket.
        case unix
    }

    /// The way to reach the server.
    public let scheme: Scheme
    /// The host with its port, such as `host`, `host:8200` or `[::1]:8200`; for ``Scheme/unix`` the path of the socket.
    public let authority: String
    /// The path before `/v1`, without a slash at the end. Usually empty.
    public let prefix: String

    /// Creates an address from its text.
    ///
    /// - Parameter text: The address. White space around it is ignored.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidAddress`` if the scheme is not `http`, `https` or `unix`, the
    ///   host is missing, or the address has a user name, a query or a fragment.
    public init(_ text: String) throws(ClientError) {
        let text = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard let (name, rest) = Self.split(text), let scheme = Scheme(rawValue: name.lowercased()) else {
            throw ClientError(.invalidAddress, "the server address must begin with http://, https:// or unix://")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !rest.contains(where: { "?#\\".contains($0) }) else {
            throw ClientError(
                .invalidAddress, "the server address must not contain a query, a fragment, a space or a control character")
        }
        self.scheme = scheme
        if scheme == .unix {
            guard rest.hasPrefix("/"), rest.count > 1 else {
                throw ClientError(
                    .invalidAddress, "a unix:// address must have the absolute path of a socket, such as unix:///run/coffer.sock")
            }
            authority = String(rest)
            prefix = ""
            return
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let host = rest[..<slash]
        guard !host.isEmpty, !host.hasPrefix(":"), !host.contains("@") else {
            throw ClientError(.invalidAddress, "the server address must have a host and no user name")
        }
        authority = String(host)
        var prefix = rest[slash...]
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        self.prefix = String(prefix)
    }

    /// The address as text, without a slash at the end.
    public var description: String { "\(scheme.rawValue)://\(authority)\(prefix)" }

    /// The host name or IP address, without the port and without the brackets of an IPv6 address.
    public var host: String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    /// Returns the percent-encoded URL of a path below `/v1`.
    func url(path: String, query: [QueryItem]) -> String {
        let below = Substring(path.utf8.drop { $0 == UInt8(ascii: "/") })
        var url = base + "/v1/" + PercentEncoding.path(below)
        for (index, item) in query.enumerated() {
            url += index == 0 ? "?" : "&"
            url += PercentEncoding.component(item.name) + "=" + PercentEncoding.component(item.value)
        }
        return url
    }

    /// Returns the URL that a `Location` header refers to, or nil if it has another scheme, host or port than this address.
    func sameOrigin(_ location: String) -> String? {
        if location.utf8.first == UInt8(ascii: "/"), !location.utf8.starts(with: "//".utf8) { return origin + location }
        guard let (name, rest) = Self.split(location), name.lowercased() == scheme.rawValue else { return nil }
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        return rest[..<end].lowercased() == authority.lowercased() ? location : nil
    }

    /// Returns the scheme and host of a URL, for an error message.
    static func origin(of location: String) -> String {
        guard let (name, rest) = split(location) else { return "an address without a host" }
        return "\(name)://\(rest.prefix { !"/?#".contains($0) })"
    }

    private var base: String { origin + prefix }

    private var origin: String {
        scheme == .unix ? "http+unix://" + PercentEncoding.component(authority) : "\(scheme.rawValue)://\(authority)"
    }

    private static func split(_ text: String) -> (scheme: Substring, rest: Substring)? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        return (text[..<colon], text[text.index(colon, offsetBy: 3)...])
    }
}
