import Core
import EngineKit
import HTTPShell
import Syntax

/// An error as the Engine API writes it: `{"error": {"code", "message", "request_id"}}`.
struct EngineRefusal: Error, Sendable, Hashable {
    var status: Int
    var code: String
    var message: String
    /// Seconds.
    var retryAfter: Int?

    init(_ status: Int, _ code: String, message: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    static func invalid(_ message: String) -> EngineRefusal { .init(400, "invalid_request", message: message) }
    static let unknownRoute = EngineRefusal(404, "not_found", message: "there is no such route")
    static let badMethod = EngineRefusal(405, "method_not_allowed", message: "this route does not take this method")
    static let unauthorized = EngineRefusal(401, "unauthorized", message: "unknown engine or wrong key")
    static let noCredentials = EngineRefusal(401, "unauthorized", message: "send X-Engine-ID and X-Engine-Key")
    static let forbidden = EngineRefusal(403, "forbidden", message: "this engine is not allowed to do this")

    /// What the pipeline refused. Whether the caller is known is told apart from what it may do.
    init(_ error: CofferError, refusal: InlineRefusal?) {
        switch refusal {
        case .notAllowed?: self = .forbidden
        case .locked?:
            self = EngineRefusal(
                429, "too_many_failures", message: "too many wrong keys; retry when the lock is over", retryAfter: error.retryAfter)
        case .unknownName?, .wrongSecret?: self = .unauthorized
        case nil: self = Self.refusal(error)
        }
    }

    private static func refusal(_ error: CofferError) -> EngineRefusal {
        let (status, code) = statusAndCode(error)
        if status == 403 { return .forbidden }
        return EngineRefusal(status, code, message: error.messages.first ?? plainText(code), retryAfter: error.retryAfter)
    }

    private static func statusAndCode(_ error: CofferError) -> (Int, String) {
        switch error.reason {
        case "not_connected"?: return (404, "not_connected")
        case "insufficient_scope"?: return (409, "insufficient_scope")
        case "token_expired"?: return (410, "token_expired")
        case "revoked"?: return (410, "revoked")
        case "provider_failing"?: return (424, "provider_failing")
        case "refresh_under_way"?: return (424, "refresh_under_way")
        case "unknown_platform"?: return (400, "unknown_platform")
        default: break
        }
        switch error.code {
        case .invalidRequest: return (400, "invalid_request")
        case .permissionDenied: return (403, "forbidden")
        case .notFound: return (404, "not_found")
        case .methodNotAllowed: return (405, "method_not_allowed")
        case .conflict: return (409, error.reason ?? "conflict")
        case .tooLarge: return (413, "too_large")
        case .unsupportedMediaType: return (415, "unsupported_media_type")
        case .rateLimited: return (429, "rate_limited")
        case .internal: return (500, "internal_error")
        case .sealed, .uninitialized: return (503, "sealed")
        case .unavailable: return (503, "unavailable")
        }
    }

    private static func plainText(_ code: String) -> String {
        code == "not_found" ? "there is nothing there" : code
    }

    func response(requestID: String) -> ShellResponse {
        var error: JSONObject = ["code": .string(code), "message": .string(message), "request_id": .string(requestID)]
        var headers: [(name: String, value: String)] = []
        if let retryAfter {
            error["retry_after"] = .int(retryAfter)
            headers.append(("retry-after", String(retryAfter)))
        }
        if status == 401 { headers.append(("www-authenticate", "Bearer")) }
        return ShellResponse(status: status, headers: headers, body: JSON.object(["error": .object(error)]).encoded())
    }
}
