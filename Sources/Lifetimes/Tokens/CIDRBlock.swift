import Glibc

/// A range of addresses such as `10.0.0.0/8`, `2001:db8::/32` or a single address.
package struct CIDRBlock: Sendable, Hashable {
    private var address: [UInt8]
    private var prefixBits: Int

    /// nil when the text is no address or the prefix does not fit it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = Self.parse(String(parts[0])) else { return nil }
        let bits = address.count * 8
        if parts.count == 2 {
            guard let prefix = Int(parts[1]), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), (0...bits).contains(prefix)
            else { return nil }
            prefixBits = prefix
        } else {
            prefixBits = bits
        }
        self.address = address
    }

    package func contains(_ text: String) -> Bool {
        guard let other = Self.parse(text), other.count == address.count else { return false }
        for bit in stride(from: 0, to: prefixBits, by: 8) {
            let mask = prefixBits - bit >= 8 ? 0xFF : UInt8(truncatingIfNeeded: 0xFF00 >> (prefixBits - bit))
            guard address[bit / 8] & mask == other[bit / 8] & mask else { return false }
        }
        return true
    }

    /// An IPv4 address inside IPv6 (`::ffff:10.0.0.1`) is that IPv4 address.
    private static func parse(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
