import EngineKit
import Syntax

/// Which addresses may be called. What is not public is refused unless it is configured.
package struct AddressPolicy: Sendable {
    /// Private addresses and plain http: for tests and closed networks.
    package var allowsPrivate: Bool

    package init(allowsPrivate: Bool = false) { self.allowsPrivate = allowsPrivate }

    /// `address` as the resolver gives it.
    package func allows(_ address: String) -> Bool {
        guard AddressRange.normalized(address) != nil else { return false }
        if allowsPrivate { return true }
        // An IPv4 address inside an IPv6 one counts as IPv4: AddressRange sees to it.
        if Self.reservedIPv4.contains(where: { $0.contains(address) }) { return false }
        if AddressRange.normalized(address)?.containsUTF8(":") == false || Self.everyIPv4?.contains(address) == true { return true }
        return Self.globalIPv6?.contains(address) == true && !Self.reservedIPv6.contains { $0.contains(address) }
    }

    private static let everyIPv4 = AddressRange("0.0.0.0/0")

    /// The special-purpose registry of IANA, and what is not assigned.
    private static let reservedIPv4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    ].compactMap { AddressRange($0) }

    /// Everything outside is local, multicast, or leads to an IPv4 address by translation.
    private static let globalIPv6 = AddressRange("2000::/3")
    private static let reservedIPv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].compactMap { AddressRange($0) }
}
