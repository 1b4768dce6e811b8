import HTTPShell
import NIOHTTP1
import Syntax

/// What pages of other origins may read in a browser (Fetch, section 3.2). Exactly the origins of the configuration, never `*`;
/// no cookie identifies anybody here, so credentials are not allowed.
enum CrossOrigin {
    private static let maxAgeSeconds = 600
    static let methods = "GET, POST, PUT, PATCH, DELETE"
    private static let headers = "content-type, x-service, x-token"

    /// The answer to a browser that asks before it calls; nil for every other request.
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
        // The answer depends on it, whoever asks.
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
