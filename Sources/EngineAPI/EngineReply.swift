import Core
import EngineKit
import HTTPShell
import Syntax

/// The form of an answer. Each contains the `request_id` that is also in the header, the audit log and the events.
enum EngineReply: Sendable {
    /// The mount's answer: metadata without tokens.
    case metadata
    case token
    case projectToken
    case status
    case projectTokens(String)
    case projects
    /// A page for a person's browser.
    case connected
    /// A page for a browser that is on its way to a provider, with the state of the connection.
    case departing(state: String)

    func response(_ answer: CoreAnswer) throws(EngineRefusal) -> ShellResponse {
        switch answer.outcome {
        case .failure(let error):
            switch self {
            case .connected, .departing:
                guard error.code == .invalidRequest else {
                    return Self.page(503, "Not connected", text: "Start again later.", id: answer.requestID)
                }
                return Self.page(
                    400, "Not connected", text: error.messages.first ?? "Start again.", id: answer.requestID)
            default: break
            }
            if case .projects = self, error.code == .notFound { return Self.json(["projects": .array([])], answer.requestID) }
            throw EngineRefusal(error, refusal: answer.inlineRefusal)
        case .success(let response):
            guard case .data(let data) = response.body, let object = (try? data.parsed())?.objectValue else {
                return Self.json([:], answer.requestID)
            }
            return shaped(object, answer.requestID)
        }
    }

    private func shaped(_ data: JSONObject, _ id: String) -> ShellResponse {
        switch self {
        case .metadata, .status: return Self.json(data, id)
        case .token:
            var object = JSONObject()
            for name in ["access_token", "expires_at", "expires_in", "scopes", "token_type", "api_key"] {
                object[name] = data[name]
            }
            return Self.json(object, id)
        case .projectToken:
            let object: JSONObject = [
                // Older engines read `token`.
                "access_token": data["access_token"] ?? .null, "token": data["access_token"] ?? .null,
                "valid_until": data["expires_at"] ?? .null,
                "scopes": data["scopes"] ?? .array([]),
            ]
            return Self.json(object, id)
        case .projectTokens(let project):
            let rows = data["connected_platforms"]?.arrayValue ?? []
            // The older form calls a platform `service`.
            let held = rows.compactMap(\.objectValue).filter { $0["status"]?.stringValue != "not_connected" }.map { row in
                var row = row
                row["service"] = row["platform"]
                return JSON.object(row)
            }
            return Self.json(["project": .string(project), "tokens": .array(held)], id)
        case .projects:
            let names = data["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
            return Self.json(["projects": .strings(names.map { String($0.cutUTF8(at: ":")?.after ?? "") })], id)
        case .departing(let state):
            guard let location = data["location"]?.stringValue, let cookie = BrowserCookie(data) else {
                return Self.page(503, "Not connected", text: "Start again later.", id: id)
            }
            var page = Self.page(302, "One moment", text: "You are being sent on.", id: id)
            page.headers += [("location", location), ("set-cookie", cookie.header(state: state))]
            return page
        case .connected:
            return Self.page(
                200, "Connected",
                text: "\(data["display_name"]?.stringValue ?? "The platform") is connected. You can close this window.", id: id)
        }
    }

    private static func json(_ object: JSONObject, _ id: String) -> ShellResponse {
        var object = object
        object["request_id"] = .string(id)
        return ShellResponse(status: 200, body: object.encoded())
    }

    /// Returns a page. It contains nothing from the request, so nothing can be injected into it.
    private static func page(_ status: Int, _ title: String, text: String, id: String) -> ShellResponse {
        let safe = text.filter { $0.isLetter || $0.isNumber || " .,;()'-".contains($0) }
        let body = "<!doctype html><meta charset=utf-8><title>\(title)</title><h1>\(title)</h1><p>\(safe)</p><p>Request \(id)</p>\n"
        return ShellResponse(
            status: status, headers: [("content-security-policy", "default-src 'none'"), ("referrer-policy", "no-referrer")],
            contentType: "text/html; charset=utf-8", body: Array(body.utf8))
    }
}
