import NIOHTTP1
import Syntax

/// Cross-origin requests of browsers (Fetch, section 3.2). Only the configured origins are allowed, never `*`. No cookie
/// identifies a caller, so credentials are not allowed.
package struct CrossOriginRules: Sendable {
    private static let maxAgeSeconds = 600

    private let origins: Set<String>
    private let methods: String
    private let headers: String
    private let exposedHeaders: String

    /// Creates the rules of a dialect.
    ///
    /// - Parameters:
    ///   - origins: The origins whose pages may read answers, exactly as browsers send them.
    ///   - methods: The methods that they may use, separated by commas.
    ///   - headers: The request headers that they may send.
    ///   - exposedHeaders: The headers of an answer that they may read.
    package init(origins: Set<String>, methods: String, headers: String, exposedHeaders: String) {
        self.origins = origins
        self.methods = methods
        self.headers = headers
        self.exposedHeaders = exposedHeaders
    }

    /// Returns the answer to a preflight request, or nil for any other request.
    package func preflight(_ request: ShellRequest) -> ShellResponse? {
        guard request.method == "OPTIONS", !request.headers["access-control-request-method"].isEmpty, let origin = origin(request)
        else { return nil }
        return ShellResponse(
            status: 204,
            headers: [
                ("access-control-allow-origin", origin), ("access-control-allow-methods", methods),
                ("access-control-allow-headers", headers), ("access-control-max-age", String(Self.maxAgeSeconds)),
                ("vary", "origin"),
            ])
    }

    /// Returns an answer with the headers that let a page of an allowed origin read it.
    package func allowing(_ response: ShellResponse, _ request: ShellRequest) -> ShellResponse {
        guard !origins.isEmpty else { return response }
        var response = response
        // Caches must keep answers for different origins apart.
        response.headers.append(("vary", "origin"))
        guard let origin = origin(request) else { return response }
        response.headers += [("access-control-allow-origin", origin), ("access-control-expose-headers", exposedHeaders)]
        return response
    }

    private func origin(_ request: ShellRequest) -> String? {
        let sent = request.headers["origin"]
        guard sent.count == 1, let origin = sent.first, origins.contains(where: { $0.equalsUTF8(origin) }) else { return nil }
        return origin
    }
}
