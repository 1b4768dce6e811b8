import NIOHTTP1
import Syntax

/// The address of a listener, and how it handles connections.
package struct ListenerSettings: Sendable {
    /// The address of a listener.
    package enum Address: Sendable, Hashable {
        /// A TCP port. Port 0 lets the system choose one.
        case tcp(host: String, port: Int)
        /// A Unix domain socket. `mode` is the permissions of its file, or nil for those of the umask.
        case unix(path: String, mode: UInt32?)
    }

    /// The address to listen on.
    package var address: Address
    /// The TLS settings, or nil for HTTP/1.1 without TLS.
    package var tls: TLSSettings?
    /// The largest requests that are accepted.
    package var limits: RequestLimits
    /// The time limits of connections.
    package var timeouts: ShellTimeouts
    /// The rules for `X-Forwarded-For`, or nil to ignore the header.
    package var forwarding: ForwardedFor?
    /// The rules for the client's certificate in a header of a proxy, or nil to read no header.
    package var forwardedCertificate: ForwardedCertificate?
    /// The rules for the PROXY protocol, or nil if connections do not begin with its header.
    package var proxyProtocol: ProxyProtocol?
    /// Whether requests without `X-Vault-Request: true` are refused. A web page of another origin cannot send this header.
    package var demandsVaultRequestHeader = false

    /// Creates settings.
    package init(
        address: Address, tls: TLSSettings? = nil, limits: RequestLimits = .init(), timeouts: ShellTimeouts = .init(),
        forwarding: ForwardedFor? = nil
    ) {
        self.address = address
        self.tls = tls
        self.limits = limits
        self.timeouts = timeouts
        self.forwarding = forwarding
    }
}

extension ListenerSettings.Address: CustomStringConvertible {
    /// The address as it is configured.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.containsUTF8(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path, _): "unix:\(path)"
        }
    }
}

extension ListenerSettings {
    /// Removes the headers of RFC 9440, so that nobody takes them for a proxy's. The one that the listener reads is kept for ``check``.
    func removeClientCertificates(from headers: inout HTTPHeaders) {
        for name in ["client-cert", "client-cert-chain"] where name != forwardedCertificate?.header { headers.remove(name: name) }
    }

    /// Checks a complete request against the listener's settings, and takes the client's address from the proxy's header.
    func check(_ request: inout ShellRequest) throws(HTTPRefusal) {
        if demandsVaultRequestHeader, request.headers.first(name: "x-vault-request") != "true" {
            throw HTTPRefusal(412, "the X-Vault-Request header is missing")
        }
        // The proxy is known by the address that X-Forwarded-For replaces.
        if let forwardedCertificate { try forwardedCertificate.apply(to: &request) }
        if let forwarding { try forwarding.apply(to: &request) }
    }
}
