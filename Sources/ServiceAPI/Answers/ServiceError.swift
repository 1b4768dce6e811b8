import EngineKit
import HTTPShell
import Syntax

/// A refusal in the form of the Service API: `{"detail": "..."}`. Messages name services, projects and paths, never values.
struct ServiceError: Error {
    var status: Int
    var detail: String
    var headers: [(name: String, value: String)] = []

    init(_ status: Int, _ detail: String, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.detail = detail
        self.headers = headers
    }

    var response: ShellResponse {
        ShellResponse(status: status, headers: headers, body: JSON.object(["detail": .string(detail)]).encoded())
    }

    static let notFound = ServiceError(404, "Not Found")
    static func notAllowed(_ methods: String) -> ServiceError {
        ServiceError(405, "Method Not Allowed", headers: [("allow", methods)])
    }
    static func invalid(_ field: String, _ problem: String) -> ServiceError { ServiceError(422, "field '\(field)' \(problem)") }
    static func unknownProvider(_ name: String, known: String) -> ServiceError {
        // Longer than the name of any provider, so it may be something else, such as a secret.
        let shown = name.utf8.count <= 64 ? " '\(name)'" : ""
        return ServiceError(422, "unknown provider\(shown); this server can check: \(known)")
    }
    static func noProject(_ name: String) -> ServiceError { ServiceError(404, "Project '\(name)' not found") }
    static func noSecret(_ place: SecretPlace) -> ServiceError {
        ServiceError(404, "Secret '\(place.resource)' not found")
    }
}

extension ServiceError {
    /// Translates an error of the pipeline that no route explains.
    init(_ error: CofferError) {
        let detail = error.messages.joined(separator: "; ")
        self.init(
            StatusTable.service.status(of: error), detail.isEmpty ? "Not Found" : detail, headers: error.waitHeaders)
    }
}
