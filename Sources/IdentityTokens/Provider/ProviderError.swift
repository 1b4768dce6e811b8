import EngineKit
import Syntax

/// A refusal of the provider, in the form of OAuth: `error` and `error_description` (RFC 6749, 4.1.2.1 and 5.2; RFC 6750, 3.1).
struct ProviderError: Error, Sendable {
    var code: String
    /// What happened, without anything that was sent.
    var reason: String
    var status = 400
    /// The state that the client sent, which it finds its login by; nil where there is none.
    var state: String?
    /// The issuer that refuses; nil where it is not known.
    var issuer: String?

    init(_ code: String, _ reason: String, status: Int = 400) {
        self.code = code
        self.reason = reason
        self.status = status
    }

    static let badClient = ProviderError("invalid_client", "client failed to authenticate", status: 401)
    /// The same for all that is wrong with a code, so that whoever has a part learns nothing of the others.
    static let badGrant = ProviderError(
        "invalid_grant",
        "the code is unknown, has expired, was used before, or was issued to another client or with other parameters")
    static let keyOfOthers = ProviderError("unauthorized_client", "the named key of the client does not allow its client id")
    static let badToken = ProviderError("invalid_token", "the access token is unknown or has expired", status: 401)

    /// The answer.
    var response: Response {
        var object: JSONObject = ["error": .string(code), "error_description": .string(reason)]
        if let state { object["state"] = .string(state) }
        if let issuer { object["iss"] = .string(issuer) }
        var response = Response.bare(object, status: status)
        switch code {
        case "invalid_client": response.headers = [("www-authenticate", "Basic realm=\"coffer\"")]
        case "invalid_token": response.headers = [("www-authenticate", "Bearer error=\"invalid_token\"")]
        default: break
        }
        return response
    }
}

/// Returns the answer of `body`, or the refusal that it throws in the form of OAuth.
func answering(_ body: () async throws -> Response) async throws -> Response {
    do { return try await body() } catch let refusal as ProviderError { return refusal.response }
}
