package import EngineKit
import Foundation
import Outbound
import Syntax

/// Which database servers may be tested. Whoever tests a connection string chooses the host, so this is what keeps them out of the
/// server's own network.
package struct DatabaseReach: Sendable, Hashable {
    /// Whether databases are tested at all.
    package enum State: String, Sendable, CaseIterable {
        case on
        case off
        /// As `off`; a console does not show that there is such a test.
        case hidden
    }

    /// Whether databases are tested at all.
    package var state: State
    /// Hosts by name, in lower case, whose addresses may be private.
    package var hosts: Set<String>
    /// Addresses that may be tested although they are not public.
    package var ranges: [AddressRange]
    /// A file with the certificate authorities that servers' certificates must be issued by; empty for those of the system.
    package var authoritiesFile: String

    private static let entriesMax = 256
    private static let bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]

    /// Tests of databases at public addresses.
    package static let publicOnly = DatabaseReach(state: .on, hosts: [], ranges: [], authoritiesFile: "")

    private init(state: State, hosts: Set<String>, ranges: [AddressRange], authoritiesFile: String) {
        self.state = state
        self.hosts = hosts
        self.ranges = ranges
        self.authoritiesFile = authoritiesFile
    }

    /// What entries of the list must be, for a message.
    package static let entriesRule = "must be at most \(entriesMax) host names, addresses or ranges such as \"10.0.0.0/8\""

    /// Returns the same with some settings changed, or nil if an entry is neither a host name, nor an address, nor a range, or if there
    /// are more than 256.
    package func changed(state: State? = nil, allowed entries: [String]? = nil, authoritiesFile: String? = nil) -> DatabaseReach? {
        var changed = self
        changed.state = state ?? self.state
        changed.authoritiesFile = authoritiesFile ?? self.authoritiesFile
        guard let entries else { return changed }
        guard entries.count <= Self.entriesMax else { return nil }
        (changed.hosts, changed.ranges) = ([], [])
        for entry in entries {
            if let range = AddressRange(entry) {
                changed.ranges.append(range)
            } else {
                let name = entry.lowercased()
                guard OutboundURL.isName(name) else { return nil }
                changed.hosts.insert(name)
            }
        }
        return changed
    }

    /// Whether an address of a host may be tested.
    func allows(_ address: String, of host: String) -> Bool {
        if AddressPolicy().allows(address) || ranges.contains(where: { $0.contains(address) }) { return true }
        // A name that was allowed may have a private address, but never that of a service that gives away credentials.
        return hosts.contains(host) && AddressPolicy().allows(address, for: .configuration)
    }

    /// The file of certificate authorities for a server.
    var authorities: String {
        if !authoritiesFile.isEmpty { return authoritiesFile }
        return Self.bundles.first { FileManager.default.isReadableFile(atPath: $0) } ?? ""
    }

    /// The same as PEM; empty for those of the system.
    var authoritiesPEM: String {
        guard !authoritiesFile.isEmpty, let data = FileManager.default.contents(atPath: authoritiesFile) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
