import Syntax

/// Where a provider may send the browser of somebody who logs in.
package enum RedirectURI {
    /// The longest redirect URI, in bytes.
    package static let bytesMax = 2_048

    /// Returns whether one of the allowed URIs is this one. Those of the program's own machine match whatever their port, which is
    /// chosen when the program starts (RFC 8252, 7.3). All others are compared byte by byte.
    package static func isAllowed(_ uri: String, by allowed: [String]) -> Bool {
        guard (1...bytesMax).contains(uri.utf8.count), uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        if allowed.contains(where: { $0.equalsUTF8(uri) }) { return true }
        guard let loopback = withoutPort(uri) else { return false }
        return allowed.contains { withoutPort($0) == loopback }
    }

    /// Returns whether a URI leads to the machine of the person's browser.
    package static func isLoopback(_ uri: String) -> Bool { withoutPort(uri) != nil }

    /// Returns a URI of this machine without its port, or nil for any other.
    private static func withoutPort(_ uri: String) -> String? {
        guard let mark = uri.rangeOfUTF8("://") else { return nil }
        let scheme = uri[..<mark.lowerBound]
        let rest = uri[mark.upperBound...]
        guard scheme == "http" || scheme == "https" else { return nil }
        let authority = rest.prefixUTF8 { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            guard let port = authority.removingUTF8Prefix(host) else { continue }
            guard port.isEmpty || port.hasUTF8Prefix(":") && port.dropFirstUTF8().utf8.allSatisfy({ $0.isASCIIDigit }) else {
                continue
            }
            return "\(scheme)://\(host)\(rest[authority.endIndex...])"
        }
        return nil
    }
}
