import EngineKit
import Syntax

/// The URL of a request to another server. A text that programs could read in different ways is rejected.
///
/// A host name consists of letters, digits and hyphens, and its last label begins with a letter. No notation of an address
/// (decimal, octal, hexadecimal, shortened) therefore passes as a name.
package struct OutboundURL: Sendable, Hashable {
    /// The scheme of the URL.
    package enum Scheme: String, Sendable {
        case https, http

        fileprivate var defaultPort: Int { self == .https ? 443 : 80 }
    }

    /// The scheme of the URL.
    package let scheme: Scheme
    /// The host in lower case; an IPv6 address without brackets.
    package let host: String
    /// The port, or the default port of the scheme.
    package let port: Int
    /// The path and query, beginning with a slash.
    package let target: String
    /// Whether the host is an address and not a name.
    package let isAddress: Bool

    /// The longest URL.
    package static let bytesMax = 2_048

    /// Parses an absolute URL. Returns nil if it is not an `https` or `http` URL in plain form: without user, fragment,
    /// backslash or non-ASCII characters.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax else { return nil }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }) else {
            return nil
        }
        guard let scheme = [Scheme.https, .http].first(where: { text.lowercased().hasUTF8Prefix($0.rawValue + "://") }) else {
            return nil
        }
        let rest = text.dropFirstUTF8(scheme.rawValue.utf8.count + 3)
        let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard let (host, port, isAddress) = Self.authority(rest[..<end]) else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
        self.isAddress = isAddress
        let tail = String(rest[end...])
        target = tail.hasUTF8Prefix("/") ? tail : "/" + tail
    }

    /// Parses the host and the port of a URL.
    private static func authority(_ text: Substring) -> (String, Int?, isAddress: Bool)? {
        var host = text
        var port: Int?
        if let bracketed = text.removingUTF8Prefix("[") {
            guard let (literal, tail) = bracketed.cutUTF8(at: "]") else { return nil }
            guard literal.containsUTF8(":"), let address = AddressRange.normalized(String(literal)) else { return nil }
            guard tail.isEmpty || tail.hasUTF8Prefix(":") else { return nil }
            if !tail.isEmpty {
                guard let number = number(tail.dropFirstUTF8()) else { return nil }
                port = number
            }
            return (address, port, true)
        }
        if let (name, digits) = text.cutUTF8(at: ":") {
            guard let number = number(digits) else { return nil }
            port = number
            host = name
        }
        let name = host.lowercased()
        if isStrictIPv4(name) { return (name, port, true) }
        return isName(name) ? (name, port, false) : nil
    }

    /// Parses a port number from 1 to 65,535.
    private static func number(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }), let port = Int(text),
            (1...65_535).contains(port)
        else { return nil }
        return port
    }

    /// Whether the text is four decimal numbers without leading zeros. Programs disagree about every other notation.
    private static func isStrictIPv4(_ text: String) -> Bool {
        let parts = text.splitUTF8(at: ".", omittingEmpty: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ $0.isASCIIDigit }) else { return false }
                return (part == "0" || !part.hasUTF8Prefix("0")) && Int(part).map { $0 <= 255 } == true
            }
    }

    /// Whether the text, in lower case, is a host name.
    package static func isName(_ text: String) -> Bool {
        let labels = text.splitUTF8(at: ".", omittingEmpty: false)
        guard text.utf8.count <= 253, let last = labels.last?.utf8.first, last.isASCIILowercase else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasUTF8Prefix("-") && !label.hasUTF8Suffix("-")
                && label.utf8.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
        }
    }

    /// The value of the `Host` header.
    var hostHeader: String {
        let name = isAddress && host.containsUTF8(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }
}
