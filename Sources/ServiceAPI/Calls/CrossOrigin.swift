import HTTPShell
import NIOHTTP1
import Syntax

/// Cross-origin requests of browsers (Fetch, section 3.2). Only the configured origins are allowed, never `*`. No cookie
/// identifies a caller, so credentials are not allowed.
enum CrossOrigin {
    private static let maxAgeSeconds = 600
    static let methods = "GET, POST, PUT, PATCH, DELETE"
    private static let headers = "content-type, x-service, x-token"

    /// Returns the answer to a preflight request, or nil for any other request.
    static func preflight(_ request: ShellRequest, _ origins: Set<String>) -> ShellResponse? {
        guard request.method == "OPTIONS", !request.headers["access-control-request-method"].isEmpty,
            let origin = origin(request, origins)
        else { return nil }
        return ShellResponse(
            status: 204,
            headers: [
                ("access-control-allow-origin", origin), ("access-control-allow-methods", methods),
                ("access-control-allow-headers", headers), ("access-control-max-age", String(maxAgeSeconds)), ("vary", "origin"),
            ])
    }

    static func allowing(_ response: ShellResponse, _ request: ShellRequest, origins: Set<String>) -> ShellResponse {
        guard !origins.isEmpty else { return response }
        var response = response
        // Caches must keep answers for different origins apart.
        response.headers.append(("vary", "origin"))
        guard let origin = origin(request, origins) else { return response }
        response.headers += [
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", "link, x-total-count, x-request-id, retry-after"),
        ]
        return response
    }

    private static func origin(_ request: ShellRequest, _ origins: Set<String>) -> String? {
        let sent = request.headers["origin"]
        guard sent.count == 1, let origin = sent.first, origins.contains(where: { $0.equalsUTF8(origin) }) else { return nil }
        return origin
    }
}
