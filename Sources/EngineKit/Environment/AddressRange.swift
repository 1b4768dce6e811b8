import Glibc
import Syntax

/// An address or a CIDR range such as `10.0.0.0/8`, of IPv4 or IPv6.
///
/// IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4, as dual-stack sockets report it.
package struct AddressRange: Sendable, Hashable {
    private let bytes: [UInt8]
    private let prefixBits: Int

    /// nil when the text is neither.
    package init?(_ text: String) {
        let parts = text.splitUTF8(at: "/", omittingEmpty: false)
        guard parts.count <= 2, let bytes = Self.parse(String(parts[0])) else { return nil }
        let bits = parts.count == 2 ? Self.prefix(parts[1]) : bytes.count * 8
        guard let bits, (0...bytes.count * 8).contains(bits) else { return nil }
        self.bytes = bytes
        prefixBits = bits
    }

    /// Returns whether `address`, an IPv4 or IPv6 address as text, is in the range; false for anything else.
    package func contains(_ address: String) -> Bool {
        guard let other = Self.parse(address) else { return false }
        return matches(other)
    }

    /// Returns whether one of the ranges, given as texts, contains `address`. A text that is not a range contains nothing.
    package static func contains(_ address: String, in ranges: [String]) -> Bool {
        ranges.contains { AddressRange($0)?.contains(address) == true }
    }

    /// Whether every address of the other range is in this one.
    package func contains(_ other: AddressRange) -> Bool { prefixBits <= other.prefixBits && matches(other.bytes) }

    private func matches(_ other: [UInt8]) -> Bool {
        guard other.count == bytes.count else { return false }
        let whole = prefixBits / 8
        guard bytes[..<whole] == other[..<whole] else { return false }
        let rest = prefixBits % 8
        return rest == 0 || (bytes[whole] ^ other[whole]) >> UInt8(8 - rest) == 0
    }

    /// An address in its usual form, without a port; nil when it is none.
    package static func normalized(_ text: String) -> String? {
        parse(text).flatMap(normalized)
    }

    /// Returns the text of an IPv4 or IPv6 address, given as its 4 or 16 bytes, or nil for another number of bytes. IPv4 inside IPv6 gives
    /// the IPv4 address.
    package static func text(of bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        return normalized(bytes).flatMap { normalized($0) }
    }

    private static func normalized(_ bytes: [UInt8]) -> String? {
        var output = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &output, socklen_t(output.count)) != nil else { return nil }
        return String(decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The first address of the network that the address is in; nil when it is none. IPv4 inside IPv6 gives the IPv4 address.
    package static func network(of address: String, prefixBits: Int) -> String? {
        guard var bytes = parse(address) else { return nil }
        guard bytes.count == 16 else { return normalized(bytes) }
        for index in bytes.indices where index * 8 >= prefixBits { bytes[index] = 0 }
        return normalized(bytes)
    }

    /// Digits only: `Int` alone would take a sign.
    private static func prefix(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { $0.isASCIIDigit } ? Int(text) : nil
    }

    private static func parse(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 64, !text.utf8.contains(0) else { return nil }
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var six = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let isMapped = six[..<10].allSatisfy { $0 == 0 } && six[10] == 0xFF && six[11] == 0xFF
        return isMapped ? Array(six[12...]) : six
    }
}
