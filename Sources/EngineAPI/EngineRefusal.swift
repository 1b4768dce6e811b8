import Core
import EngineKit
import HTTPShell
import Syntax

/// An error in the form of the Engine API: `{"error": {"code", "message", "request_id"}}`.
struct EngineRefusal: Error, Sendable, Hashable {
    var status: Int
    var code: String
    var message: String
    /// The value of `Retry-After`, in seconds.
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

    /// Translates an error of the pipeline. `refusal` tells an unknown caller from one that is not allowed.
    init(_ error: CofferError, refusal: InlineRefusal?) {
        switch refusal {
        case .notAllowed?: self = .forbidden
        case .locked?:
            self = EngineRefusal(
                429, "too_many_failures", message: "too many wrong keys were sent; try again when the lock is over",
                retryAfter: error.retryAfter)
        case .unknownName?, .wrongSecret?: self = .unauthorized
        case nil: self = Self.refusal(error)
        }
    }

    private static func refusal(_ error: CofferError) -> EngineRefusal {
        let status = StatusTable.engine.status(of: error)
        if status == 403 { return .forbidden }
        let code = code(of: error)
        return EngineRefusal(status, code, message: error.messages.first ?? plainText(code), retryAfter: error.retryAfter)
    }

    private static func code(of error: CofferError) -> String {
        if let reason = error.reason, StatusTable.engine.tellsApart(reason) { return reason }
        return switch error.code {
        case .invalidRequest: "invalid_request"
        case .permissionDenied: "forbidden"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .conflict: error.reason ?? "conflict"
        case .tooLarge: "too_large"
        case .unsupportedMediaType: "unsupported_media_type"
        case .rateLimited: "rate_limited"
        case .internal: "internal_error"
        case .sealed, .uninitialized: "sealed"
        case .unavailable: "unavailable"
        }
    }

    private static func plainText(_ code: String) -> String {
        code == "not_found" ? "not found" : code
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
