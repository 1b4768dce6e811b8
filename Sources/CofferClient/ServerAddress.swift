internal import Syntax

/// Where a server is: `https://host:8200`, `http://host:8200/prefix` or `unix:///run/coffer.sock`.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable {
        case http, https, unix
    }

    public let scheme: Scheme
    /// `host`, `host:port` or `[v6]:port`; the socket's path for ``Scheme/unix``.
    public let authority: String
    /// What stands before `/v1`, without a slash at its end.
    public let prefix: String

    public init(_ text: String) throws(ClientError) {
        let text = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard let (name, rest) = Self.split(text), let scheme = Scheme(rawValue: name.lowercased()) else {
            throw ClientError(.invalidAddress, "the server address must begin with http://, https:// or unix://")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !rest.contains(where: { "?#\\".contains($0) }) else {
            throw ClientError(.invalidAddress, "the server address has a query, a fragment or a character that it may not have")
        }
        self.scheme = scheme
        if scheme == .unix {
            guard rest.hasPrefix("/"), rest.count > 1 else {
                throw ClientError(.invalidAddress, "a unix:// address needs the absolute path of a socket")
            }
            authority = String(rest)
            prefix = ""
            return
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let host = rest[..<slash]
        guard !host.isEmpty, !host.hasPrefix(":"), !host.contains("@") else {
            throw ClientError(.invalidAddress, "the server address needs a host, and may not hold a user name")
        }
        authority = String(host)
        var prefix = rest[slash...]
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        self.prefix = String(prefix)
    }

    public var description: String { "\(scheme.rawValue)://\(authority)\(prefix)" }

    /// Host name or address, without port and brackets.
    public var host: String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    /// The URL of a path below `/v1`.
    func url(path: String, query: [QueryItem]) -> String {
        let below = Substring(path.utf8.drop { $0 == UInt8(ascii: "/") })
        var url = base + "/v1/" + PercentEncoding.path(below)
        for (index, item) in query.enumerated() {
            url += index == 0 ? "?" : "&"
            url += PercentEncoding.component(item.name) + "=" + PercentEncoding.component(item.value)
        }
        return url
    }

    /// The redirect target as a URL to send to, or nil when it leads to another scheme, host or port.
    func sameOrigin(_ location: String) -> String? {
        if location.utf8.first == UInt8(ascii: "/"), !location.utf8.starts(with: "//".utf8) { return origin + location }
        guard let (name, rest) = Self.split(location), name.lowercased() == scheme.rawValue else { return nil }
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        return rest[..<end].lowercased() == authority.lowercased() ? location : nil
    }

    /// Scheme and host of a URL, for an error text.
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
