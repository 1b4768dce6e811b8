import EngineKit
import Syntax

/// Decides which addresses may be called. Addresses that are not public are refused unless the configuration allows them.
package struct AddressPolicy: Sendable {
    /// Whether private addresses and plain http are allowed, for tests and closed networks.
    package var allowsPrivate: Bool

    /// Creates a policy.
    package init(allowsPrivate: Bool = false) { self.allowsPrivate = allowsPrivate }

    /// Whether an address, in the form in which the resolver returns it, may be called.
    package func allows(_ address: String) -> Bool {
        guard AddressRange.normalized(address) != nil else { return false }
        if allowsPrivate { return true }
        // `AddressRange` treats an IPv4 address inside an IPv6 one as IPv4.
        if Self.reservedIPv4.contains(where: { $0.contains(address) }) { return false }
        if AddressRange.normalized(address)?.containsUTF8(":") == false || Self.everyIPv4?.contains(address) == true { return true }
        return Self.globalIPv6?.contains(address) == true && !Self.reservedIPv6.contains { $0.contains(address) }
    }

    private static let everyIPv4 = AddressRange("0.0.0.0/0")

    /// The IPv4 ranges of IANA's special-purpose address registry (RFC 6890), and multicast.
    private static let reservedIPv4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    ].compactMap { AddressRange($0) }

    /// The global unicast addresses of IPv6. Every other address is local or multicast, or is translated to an IPv4 address.
    private static let globalIPv6 = AddressRange("2000::/3")
    /// The ranges within the global unicast addresses that are reserved, or translated to IPv4 (RFC 6890).
    private static let reservedIPv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].compactMap { AddressRange($0) }
}
