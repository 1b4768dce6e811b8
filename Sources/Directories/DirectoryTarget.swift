import Outbound
import Syntax

/// The address of a directory server: `ldap://host:port` or `ldaps://host:port`.
package struct DirectoryServer: Sendable, Hashable {
    /// Whether the connection begins with TLS.
    package let isEncrypted: Bool
    /// The host in lower case; an IPv6 address without brackets.
    package let host: String
    /// The port; 389, or 636 with TLS, if the text has none.
    package let port: UInt16
    /// Whether the host is an address and not a name.
    package let isAddress: Bool

    /// The most servers of a target.
    package static let countMax = 10

    /// Parses a URL without path, query or user. Returns nil for any other text.
    package init?(_ text: String) {
        let lower = text.lowercased()
        isEncrypted = lower.hasUTF8Prefix("ldaps://")
        guard let rest = lower.removingUTF8Prefix(isEncrypted ? "ldaps://" : "ldap://") else { return nil }
        let authority = String(rest.removingUTF8Suffix("/") ?? rest[...])
        // What a host and a port are is decided in one place, for http too. The two schemes differ in the port that they mean.
        guard let one = OutboundURL("https://" + authority), let other = OutboundURL("http://" + authority), one.target == "/",
            !authority.containsUTF8("/"), !authority.containsUTF8("?"), let port = UInt16(exactly: one.port)
        else { return nil }
        (host, isAddress) = (one.host, one.isAddress)
        let standard: UInt16 = isEncrypted ? 636 : 389
        self.port = one.port == other.port ? port : standard
    }

    /// Parses a list of URLs with commas between them. Returns nil if one of them is malformed, or for none or too many.
    package static func list(_ text: String) -> [DirectoryServer]? {
        let parts = text.splitUTF8(at: ",").map { $0.trimmingASCIISpace() }
        let servers = parts.compactMap { DirectoryServer(String($0)) }
        return servers.count == parts.count && (1...countMax).contains(servers.count) ? servers : nil
    }

    /// The URL with its port.
    package var url: String {
        "\(isEncrypted ? "ldaps" : "ldap")://\(host.containsUTF8(":") ? "[\(host)]" : host):\(port)"
    }
}

/// The servers of a directory, in the order in which they are tried, and how they are spoken to.
package struct DirectoryTarget: Sendable, Hashable {
    /// When entries that stand for others are followed.
    package enum Dereferencing: String, Sendable, CaseIterable { case never, finding, searching, always }

    /// A version of TLS.
    package enum TLSVersion: String, Sendable, CaseIterable { case tls12, tls13 }

    package var servers: [DirectoryServer]
    /// Whether connections without TLS are encrypted with StartTLS before anything else is sent.
    package var startsTLS = false
    /// The certificate authorities of the servers as PEM; empty for those of the system.
    package var authorities = ""
    /// The certificate that the client shows, and its key, as PEM; empty for none.
    package var certificate = ""
    package var key = ""
    package var versionMin = TLSVersion.tls12
    package var versionMax = TLSVersion.tls12
    /// Whether any certificate is accepted.
    package var isUnverified = false
    /// Seconds for a connection with one server.
    package var connectSecondsMax = 30
    /// Seconds for everything that is asked of the server, the connection not counted.
    package var requestSecondsMax = 90
    package var dereferencing = Dereferencing.never
    /// Entries that the server sends at once (RFC 2696); 0 to ask for all at once.
    package var pageSize = 0

    /// Creates a target with the default settings.
    package init(servers: [DirectoryServer]) { self.servers = servers }
}
