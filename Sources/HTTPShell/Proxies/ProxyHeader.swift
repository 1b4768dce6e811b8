import EngineKit
import Syntax

/// A header of the PROXY protocol, version 1 or 2 (haproxy.org, "The PROXY protocol", 2020).
package struct ProxyHeader: Sendable, Hashable {
    /// The client's address as text; empty if the proxy does not know it, and nil if the connection is the proxy's own.
    package var address: String?
    /// The client's port; 0 if the header has none.
    package var port: Int

    /// Creates a header.
    package init(address: String? = nil, port: Int = 0) {
        self.address = address
        self.port = port
    }

    /// The result of reading the beginning of a connection.
    package enum Reading: Sendable, Hashable {
        /// The header is complete, and takes this number of bytes.
        case complete(ProxyHeader, byteCount: Int)
        /// More bytes are needed.
        case incomplete
        /// The bytes are not a header, or one that is not accepted.
        case malformed
    }

    /// The longest header of version 1 with its line end.
    static let textBytesMax = 107
    /// The longest header of version 2. The protocol allows 65,551 bytes; load balancers send a few hundred.
    static let binaryBytesMax = 4_096

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let textStart = Array("PROXY ".utf8)

    /// Reads the header at the beginning of `bytes`.
    package static func read(_ bytes: [UInt8]) -> Reading {
        switch bytes.first {
        case nil: .incomplete
        case signature[0]: readBinary(bytes)
        default: readText(bytes)
        }
    }

    // MARK: Version 1

    private static func readText(_ bytes: [UInt8]) -> Reading {
        let start = bytes.prefix(textStart.count)
        guard start.elementsEqual(textStart.prefix(start.count)) else { return .malformed }
        guard let end = bytes.prefix(textBytesMax).firstIndex(of: 0x0A) else {
            return bytes.count < textBytesMax ? .incomplete : .malformed
        }
        guard end >= 1, bytes[end - 1] == 0x0D else { return .malformed }
        let line = bytes[..<(end - 1)]
        guard line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return .malformed }
        let words = String(decoding: line, as: UTF8.self).splitUTF8(at: " ", omittingEmpty: false)
        guard words.count >= 2 else { return .malformed }
        // Whatever follows UNKNOWN is ignored. The client is not the proxy, whose address it must not have.
        if words[1] == "UNKNOWN" { return .complete(ProxyHeader(address: ""), byteCount: end + 1) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else { return .malformed }
        guard let source = address(words[2], isIPv6: words[1] == "TCP6"), address(words[3], isIPv6: words[1] == "TCP6") != nil,
            let port = portNumber(words[4]), portNumber(words[5]) != nil
        else { return .malformed }
        return .complete(ProxyHeader(address: source, port: port), byteCount: end + 1)
    }

    private static func address(_ text: Substring, isIPv6: Bool) -> String? {
        guard text.containsUTF8(":") == isIPv6 else { return nil }
        return AddressRange.normalized(String(text))
    }

    private static func portNumber(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }), let port = Int(text), port <= 65_535,
            text == "0" || !text.hasUTF8Prefix("0")
        else { return nil }
        return port
    }

    // MARK: Version 2

    private static func readBinary(_ bytes: [UInt8]) -> Reading {
        let start = bytes.prefix(signature.count)
        guard start.elementsEqual(signature.prefix(start.count)) else { return .malformed }
        guard bytes.count >= 16 else { return .incomplete }
        let (command, family) = (bytes[12], bytes[13])
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard command == 0x20 || command == 0x21, 16 + length <= binaryBytesMax else { return .malformed }
        guard bytes.count >= 16 + length else { return .incomplete }
        // LOCAL: the proxy speaks for itself, to check whether the server is up.
        if command == 0x20 { return .complete(ProxyHeader(), byteCount: 16 + length) }
        let content = bytes[16..<(16 + length)]
        switch family {
        case 0x11: return header(content, addressBytes: 4)
        case 0x21: return header(content, addressBytes: 16)
        // An unspecified protocol, and Unix sockets, which have no address. The client must not have that of the proxy.
        case 0x00, 0x31: return .complete(ProxyHeader(address: ""), byteCount: 16 + length)
        default: return .malformed
        }
    }

    /// Reads two addresses and two ports. What follows them are extensions, which are skipped.
    private static func header(_ content: ArraySlice<UInt8>, addressBytes count: Int) -> Reading {
        guard content.count >= 2 * count + 4 else { return .malformed }
        let source = Array(content.prefix(count))
        let ports = content.dropFirst(2 * count)
        let port = Int(ports[ports.startIndex]) << 8 | Int(ports[ports.startIndex + 1])
        guard let address = AddressRange.text(of: source) else { return .malformed }
        return .complete(ProxyHeader(address: address, port: port), byteCount: 16 + content.count)
    }
}
