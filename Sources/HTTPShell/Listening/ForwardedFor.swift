package import EngineKit
import NIOHTTP1

/// Takes the caller's address from `X-Forwarded-For`, when a proxy that may say so sent it.
///
/// The keys and their meaning are those of Vault's listener (`x_forwarded_for_*`).
package struct ForwardedFor: Sendable {
    package var authorized: [AddressRange]
    /// How many addresses at the end of the chain are further proxies.
    package var hopSkips = 0
    package var rejectsUnauthorized = true
    package var rejectsAbsent = true

    package init(authorized: [AddressRange], hopSkips: Int = 0, rejectsUnauthorized: Bool = true, rejectsAbsent: Bool = true) {
        self.authorized = authorized
        self.hopSkips = hopSkips
        self.rejectsUnauthorized = rejectsUnauthorized
        self.rejectsAbsent = rejectsAbsent
    }

    func apply(to request: inout ShellRequest) throws(HTTPRefusal) {
        let values = request.headers[canonicalForm: "x-forwarded-for"]
        guard !values.isEmpty else {
            if rejectsAbsent { throw HTTPRefusal(400, "the X-Forwarded-For header is missing and the listener demands it") }
            return
        }
        guard authorized.contains(where: { $0.contains(request.connection.remoteAddress) }) else {
            if rejectsUnauthorized { throw HTTPRefusal(400, "the sender may not set X-Forwarded-For on this listener") }
            return
        }
        let index = values.count - 1 - hopSkips
        guard index >= 0, let address = AddressRange.normalized(String(values[index])) else {
            throw HTTPRefusal(400, "the X-Forwarded-For header is malformed or has too few addresses")
        }
        request.connection = Connection(
            remoteAddress: address, remotePort: request.connection.remotePort,
            clientCertificateNames: request.connection.clientCertificateNames)
    }
}
