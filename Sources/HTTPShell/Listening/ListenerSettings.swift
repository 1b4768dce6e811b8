import NIOHTTP1
import Syntax

/// One place where the server listens, and how it treats who comes.
package struct ListenerSettings: Sendable {
    package enum Address: Sendable, Hashable {
        /// Port 0 lets the system choose.
        case tcp(host: String, port: Int)
        /// The mode is that of the socket's file.
        case unix(path: String, mode: UInt32?)
    }

    package var address: Address
    /// nil speaks plain HTTP/1.1.
    package var tls: TLSSettings?
    package var limits: RequestLimits
    package var timeouts: ShellTimeouts
    package var forwarding: ForwardedFor?
    /// Refuses requests without `X-Vault-Request: true`, which no web page can be made to send.
    package var demandsVaultRequestHeader = false

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
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.containsUTF8(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path, _): "unix:\(path)"
        }
    }
}

extension ListenerSettings {
    /// What the listener itself asks of a request, once it is whole.
    func check(_ request: inout ShellRequest) throws(HTTPRefusal) {
        if demandsVaultRequestHeader, request.headers.first(name: "x-vault-request") != "true" {
            throw HTTPRefusal(412, "the X-Vault-Request header is missing")
        }
        if let forwarding { try forwarding.apply(to: &request) }
    }
}
