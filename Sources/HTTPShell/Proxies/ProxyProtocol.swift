package import EngineKit

/// Whether the connections of a listener begin with a header of the PROXY protocol, which says where they came from before a load
/// balancer passed them on.
///
/// The rules correspond to the settings `proxy_protocol_*` of Vault's `tcp` listener, except that a header must not be missing
/// where it is expected: whoever decides by what arrives would take one that a client wrote.
package struct ProxyProtocol: Sendable {
    /// Who sends the header.
    package enum Behavior: Sendable, Hashable {
        /// Everybody.
        case always
        /// The authorized addresses. Connections from others have no header.
        case authorized
        /// The authorized addresses. Connections from others are closed.
        case authorizedOnly
    }

    /// What is done with a connection before anything is read from it.
    enum Verdict: Sendable, Hashable { case expectHeader, expectNone, close }

    /// Who sends the header.
    package let behavior: Behavior
    /// The addresses of load balancers.
    package let authorized: [AddressRange]

    /// Creates rules.
    package init(_ behavior: Behavior, authorized: [AddressRange] = []) {
        self.behavior = behavior
        self.authorized = authorized
    }

    /// Returns what is done with a connection from an address, which is empty for a Unix socket.
    func verdict(on address: String) -> Verdict {
        if behavior == .always || authorized.contains(where: { $0.contains(address) }) { return .expectHeader }
        return behavior == .authorized ? .expectNone : .close
    }
}
