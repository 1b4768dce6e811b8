package import EngineKit
import Syntax

/// Decides which addresses may be called. Addresses that are not public are refused unless the configuration allows them.
package struct AddressPolicy: Sendable {
    /// Whether every address and plain http are allowed, for tests and closed networks.
    package var allowsPrivate: Bool
    /// Addresses that configured targets may have in addition to public and private ones, such as a cloud's metadata service.
    package var exceptions: [AddressRange]
    /// Addresses that no target may have, whatever else allows them.
    package var denied: [AddressRange]

    /// Creates a policy.
    package init(allowsPrivate: Bool = false, exceptions: [AddressRange] = [], denied: [AddressRange] = []) {
        self.allowsPrivate = allowsPrivate
        self.exceptions = exceptions
        self.denied = denied
    }

    /// Whether an address, in the form in which the resolver returns it, may be called by a request without a target.
    package func allows(_ address: String) -> Bool {
        guard AddressRange.normalized(address) != nil else { return false }
        return allowsPrivate || Self.isPublic(address)
    }

    /// Whether an address, in the form in which the resolver returns it, may be called for a target.
    ///
    /// A target that an operator configured may also have a private or loopback address. The addresses of cloud metadata
    /// services, link-local addresses and reserved ones are refused unless they are among the ``exceptions``.
    package func allows(_ address: String, for source: OutboundTarget.Source) -> Bool {
        guard AddressRange.normalized(address) != nil, !denied.contains(where: { $0.contains(address) }) else { return false }
        if allows(address) { return true }
        return source == .configuration && (Self.isPrivate(address) || exceptions.contains { $0.contains(address) })
    }

    /// Whether an address can be reached from the whole internet. `AddressRange` treats an IPv4 address inside an IPv6 one as IPv4.
    static func isPublic(_ address: String) -> Bool {
        if metadata.contains(where: { $0.contains(address) }) || reservedIPv4.contains(where: { $0.contains(address) }) {
            return false
        }
        if AddressRange.normalized(address)?.containsUTF8(":") == false || everyIPv4?.contains(address) == true { return true }
        return globalIPv6?.contains(address) == true && !reservedIPv6.contains { $0.contains(address) }
    }

    /// Whether an address belongs to this machine or to a private network, and not to a cloud's metadata service.
    static func isPrivate(_ address: String) -> Bool {
        privateRanges.contains { $0.contains(address) } && !metadata.contains { $0.contains(address) }
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

    /// Private networks (RFC 1918, RFC 4193), the shared space that carriers, container networks and VPNs use (RFC 6598), and
    /// loopback.
    private static let privateRanges = [
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7",
    ].compactMap { AddressRange($0) }

    /// Services that give credentials of the machine to whoever asks, at addresses that are neither link-local nor otherwise
    /// reserved: Azure's WireServer, Alibaba Cloud, AWS over IPv6 with its EKS agent, Google Cloud over IPv6, and Scaleway.
    private static let metadata = [
        "168.63.129.16", "100.100.100.200", "fd00:ec2::/32", "fd20:ce::/32", "fd00:42::42",
    ].compactMap { AddressRange($0) }
}
