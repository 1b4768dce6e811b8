import Outbound
import Syntax

/// A connection string of Redis: `redis://user:password@host:port/database`, or `rediss://` for TLS.
package struct RedisURL: Sendable, Hashable {
    package let host: String
    package let port: Int
    package let usesTLS: Bool
    package let username: String
    package let password: String

    private static let bytesMax = 8_192

    /// Reads a connection string. Returns nil if it cannot be read in one way only.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            return nil
        }
        guard let (scheme, rest) = Self.scheme(text) else { return nil }
        usesTLS = scheme == "rediss"
        let authority = rest.prefixUTF8 { !"/?#".utf8.contains($0) }
        var server = authority[...]
        var user: (String, String) = ("", "")
        if let (before, after) = authority.cutUTF8(atLast: "@") {
            server = after
            guard let read = Self.credentials(before) else { return nil }
            user = read
        }
        (username, password) = user
        guard let location = OutboundURL("https://" + server), location.target == "/" else { return nil }
        host = location.host
        // The default port of the scheme that is borrowed here is written out, or not there.
        port = Self.hasPort(server) ? location.port : 6_379
    }

    private static func scheme(_ text: String) -> (String, Substring)? {
        for scheme in ["rediss", "redis"] {
            let start = scheme + "://"
            if text.lowercased().hasUTF8Prefix(start) { return (scheme, text.dropFirstUTF8(start.utf8.count)) }
        }
        return nil
    }

    private static func hasPort(_ server: Substring) -> Bool {
        server.lastUTF8Segment(after: "]").containsUTF8(":")
    }

    private static func credentials(_ text: Substring) -> (String, String)? {
        let (user, password) = text.cutUTF8(at: ":") ?? (text, "")
        guard let user = decoded(user), let password = decoded(password) else { return nil }
        return (user, password)
    }

    private static func decoded(_ text: Substring) -> String? {
        PercentEncoding.decode(text.utf8).flatMap { $0.contains(0) ? nil : String(validating: $0, as: UTF8.self) }
    }
}
