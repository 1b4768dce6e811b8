package import EngineKit
import NIOHTTP1

/// The rules for taking a client's address from the `X-Forwarded-For` header of a trusted proxy.
///
/// They correspond to the settings `x_forwarded_for_*` of Vault's `tcp` listener.
package struct ForwardedFor: Sendable {
    /// The addresses of trusted proxies.
    package var authorized: [AddressRange]
    /// The number of addresses at the end of the header that belong to further proxies.
    package var hopSkips = 0
    /// Whether a request with the header from another address is refused. Otherwise its header is ignored.
    package var rejectsUnauthorized = true
    /// Whether a request without the header is refused.
    package var rejectsAbsent = true

    /// Creates rules.
    package init(authorized: [AddressRange], hopSkips: Int = 0, rejectsUnauthorized: Bool = true, rejectsAbsent: Bool = true) {
        self.authorized = authorized
        self.hopSkips = hopSkips
        self.rejectsUnauthorized = rejectsUnauthorized
        self.rejectsAbsent = rejectsAbsent
    }

    /// Replaces the address of a request's connection by that of the header.
    ///
    /// - Throws: A refusal with the status 400 if the header is missing, not allowed or malformed.
    func apply(to request: inout ShellRequest) throws(HTTPRefusal) {
        let values = request.headers[canonicalForm: "x-forwarded-for"]
        guard !values.isEmpty else {
            if rejectsAbsent { throw HTTPRefusal(400, "the X-Forwarded-For header is missing, and this listener requires it") }
            return
        }
        guard authorized.contains(where: { $0.contains(request.connection.remoteAddress) }) else {
            if rejectsUnauthorized { throw HTTPRefusal(400, "this listener accepts X-Forwarded-For from trusted proxies only") }
            return
        }
        let index = values.count - 1 - hopSkips
        guard index >= 0, let address = AddressRange.normalized(String(values[index])) else {
            throw HTTPRefusal(400, "the X-Forwarded-For header is malformed or has too few addresses")
        }
        request.connection.remoteAddress = address
    }
}
