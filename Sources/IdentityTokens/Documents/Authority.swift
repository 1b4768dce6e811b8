import EngineKit
import Syntax

/// The host of an http or https URI, with its port if it has one.
enum Authority {
    private static let hostBytesMax = 253
    private static let labelBytesMax = 63

    /// Returns whether the text is a host name, an IPv4 address or an IPv6 address in brackets, with a port from 1 to 65,535 or none.
    static func isValid(_ text: some StringProtocol) -> Bool {
        let text = String(text)
        if let rest = text.removingUTF8Prefix("[") {
            guard let (address, port) = rest.cutUTF8(at: "]"), address.containsUTF8(":") else { return false }
            return AddressRange.network(of: String(address), prefixBits: 128) != nil
                && (port.isEmpty || port.removingUTF8Prefix(":").map { isPort($0) } ?? false)
        }
        guard let (host, port) = text.cutUTF8(at: ":") else { return isHost(text[...]) }
        return isHost(host) && isPort(port)
    }

    private static func isPort(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy(\.isASCIIDigit) && (1...65_535).contains(Int(text) ?? 0)
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard text.utf8.count <= hostBytesMax else { return false }
        // Underscores are in names that container networks give.
        return text.splitUTF8(at: ".", omittingEmpty: false).allSatisfy { label in
            (1...labelBytesMax).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
                && label.utf8.last != UInt8(ascii: "-")
                && label.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-_".utf8.contains($0) }
        }
    }
}
