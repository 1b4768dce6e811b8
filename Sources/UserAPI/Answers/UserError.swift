import EngineKit
import HTTPShell
import Syntax

/// A refusal in the form of the User API: `{"detail": "..."}`, and `{"error": "..."}` for too many requests. The detail is always
/// a text, and never contains a value.
struct UserError: Error {
    var status: Int
    var detail: String
    var headers: [(name: String, value: String)] = []
    /// A stable word for programs, or nil.
    var code: String?

    init(_ status: Int, _ detail: String, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.detail = detail
        self.headers = headers
    }

    var response: ShellResponse {
        ShellResponse(status: status, headers: headers, body: members.encoded())
    }

    /// The members of the answer.
    var members: JSONObject {
        var members: JSONObject = [status == 429 ? "error" : "detail": .string(detail)]
        if let code { members["code"] = .string(code) }
        return members
    }

    /// Pages leave for the login at this status, so nothing else has it.
    static let unauthenticated = UserError(401, "Authentication required", headers: [("www-authenticate", "Bearer")])
    static let notFound = UserError(404, "Not Found")
    static let noSecret = UserError(404, "Secret not found")
    static let denied = UserError(403, "The policy of this user does not allow the request")
    static let noUser = UserError(
        403, "This token belongs to no user: log in at an auth method, and send the token of that login")
    static let noService = UserError(403, "Only services with a token of Coffer may ask for the secrets of users here")
    static let restricted = UserError(
        403, "The value of this secret is restricted: nobody can read it again; store a new value to replace it")

    static func notAllowed(_ methods: String) -> UserError {
        UserError(405, "Method Not Allowed", headers: [("allow", methods)])
    }

    static func invalid(_ field: String, _ problem: String) -> UserError { UserError(422, "field '\(field)' \(problem)") }

    static func exceeded(_ count: RateLimiter.Count) -> UserError {
        UserError(
            429, "Rate limit exceeded: \(count.limit) per 1 minute", headers: [("retry-after", String(count.seconds))])
    }
}

extension UserError {
    /// Translates an error of the pipeline.
    init(_ error: CofferError) {
        switch error.code {
        case .permissionDenied where error.reason == "restricted": self = .restricted
        case .permissionDenied: self = .denied
        case .notFound: self = .noSecret
        case .rateLimited: self.init(429, "Rate limit exceeded", headers: error.waitHeaders)
        case .invalidRequest, .tooLarge: self.init(422, Self.text(error))
        default: self.init(StatusTable.service.status(of: error), Self.text(error), headers: error.waitHeaders)
        }
    }

    /// The messages, without the stable word of the engine in front.
    private static func text(_ error: CofferError) -> String {
        let text = error.messages.joined(separator: "; ")
        guard let reason = error.reason, let rest = text.removingUTF8Prefix(reason + ": ") else {
            return text.isEmpty ? "the server could not answer the request" : text
        }
        return String(rest)
    }
}
