import EngineKit
import Syntax

/// Where a call to somebody else's server goes. Whatever could be read in two ways is no URL here.
///
/// Host names are plain: letters, digits and hyphens, and a last label that starts with a letter, so that no spelling of
/// an address (decimal, octal, hexadecimal, shortened) passes as a name.
package struct OutboundURL: Sendable, Hashable {
    package enum Scheme: String, Sendable { case https, http }

    package let scheme: Scheme
    /// Lower case; an address without brackets.
    package let host: String
    package let port: Int
    /// Path and query, from the first slash.
    package let target: String
    /// The host is an address and not a name.
    package let isAddress: Bool

    package static let bytesMax = 2_048

    /// nil when it is not an absolute `https` or `http` URL of plain form.
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
        self.port = port ?? (scheme == .https ? 443 : 80)
        self.isAddress = isAddress
        let tail = String(rest[end...])
        target = tail.hasUTF8Prefix("/") ? tail : "/" + tail
    }

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

    private static func number(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }), let port = Int(text),
            (1...65_535).contains(port)
        else { return nil }
        return port
    }

    /// Four decimal numbers without leading zeros: anything else is read differently by different programs.
    private static func isStrictIPv4(_ text: String) -> Bool {
        let parts = text.splitUTF8(at: ".", omittingEmpty: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ $0.isASCIIDigit }) else { return false }
                return (part == "0" || !part.hasUTF8Prefix("0")) && Int(part).map { $0 <= 255 } == true
            }
    }

    package static func isName(_ text: String) -> Bool {
        let labels = text.splitUTF8(at: ".", omittingEmpty: false)
        guard text.utf8.count <= 253, let last = labels.last?.utf8.first, last.isASCIILowercase else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasUTF8Prefix("-") && !label.hasUTF8Suffix("-")
                && label.utf8.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
        }
    }

    /// As the `Host` header has it.
    var hostHeader: String {
        let name = isAddress && host.containsUTF8(":") ? "[\(host)]" : host
        return port == (scheme == .https ? 443 : 80) ? name : "\(name):\(port)"
    }
}
