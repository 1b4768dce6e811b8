import Core
import EngineKit
import HTTPShell
import Syntax

/// One HTTP request of a service. Each route asks the pipeline as this caller, for one thing or for several, one after the
/// other.
///
/// A class, because each `await` of a struct this size keeps copies of it on the heap.
final class ServiceExchange {
    let dialect: ServiceDialect
    let request: ShellRequest
    let caller: ServiceCaller
    private var isFirst = true

    init(dialect: ServiceDialect, request: ShellRequest, caller: ServiceCaller) {
        self.dialect = dialect
        self.request = request
        self.caller = caller
    }

    var settings: ServiceSettings { dialect.settings }

    /// What the pipeline answered. Throws what is no matter of the route: who the caller is, and a server that cannot answer.
    func ask(
        _ operation: Operation, _ path: String, query: [(name: String, value: String)] = [], body: JSONObject? = nil
    ) async throws(ServiceError) -> Result<Response, CofferError> {
        try await answered(operation, path, query: query, body: body).outcome
    }

    /// The same with the path that answered.
    func answered(
        _ operation: Operation, _ path: String, query: [(name: String, value: String)] = [], body: JSONObject? = nil
    ) async throws(ServiceError) -> CoreAnswer {
        let call = CoreRequest(
            id: request.id, operation: operation, path: path, query: query, body: body?.encoded() ?? [],
            credentials: isFirst ? caller.credentials : caller.continued, connection: request.connection)
        isFirst = false
        let answer = await dialect.pipeline.handle(call)
        var waitHeaders: [(name: String, value: String)] = []
        if case .failure(let error) = answer.outcome { waitHeaders = error.waitHeaders }
        if let refusal = answer.inlineRefusal { throw refused(refusal, waitHeaders) }
        if case .failure(let error) = answer.outcome {
            switch error.code {
            case .permissionDenied, .notFound, .invalidRequest, .conflict: break
            default: throw ServiceError(error)
            }
        }
        return answer
    }

    private func refused(_ refusal: InlineRefusal, _ waitHeaders: [(name: String, value: String)]) -> ServiceError {
        switch refusal {
        case .unknownName: ServiceError(403, "Service '\(shownName)' is not allowed")
        case .wrongSecret:
            dialect.directory[caller.name]?.isWithoutCredentials == true
                ? ServiceError(403, "No token configured for service '\(caller.name)'")
                : .unauthenticated("Invalid token", realm: settings.name)
        case .notAllowed: ServiceError(403, "Service '\(shownName)' is not allowed to call from here")
        case .locked:
            ServiceError(
                429, "Too many failed attempts for service '\(shownName)' from this address", headers: waitHeaders)
        }
    }

    /// The caller's name if it is a known service, or `?`. Any text can be sent as a name, even a token in the wrong header.
    private var shownName: String { dialect.directory[caller.name] == nil ? "?" : caller.name }

    func denied(_ action: String, _ resource: String) -> ServiceError {
        ServiceError(403, "Service '\(caller.name)' does not have '\(action)' permission for '\(resource)'")
    }

    /// A request that is wrong in itself is only told so to somebody who may be here.
    ///
    /// - Parameter provider: Who is about to be asked about a credential, for the audit.
    func checkCaller(asking provider: String? = nil) async throws(ServiceError) {
        let query = provider.map { [(name: "provider", value: $0)] } ?? []
        if case .failure(let error) = try await ask(.read, settings.projectsMount + "caller", query: query) {
            throw error.code == .permissionDenied
                ? ServiceError(403, "Service '\(caller.name)' is not allowed") : ServiceError(error)
        }
    }

    /// Reads what was sent; a refusal of it waits until the caller is known.
    func reading<T>(_ read: () throws(ServiceError) -> T) async throws(ServiceError) -> T {
        do {
            return try read()
        } catch {
            try await checkCaller()
            throw error
        }
    }

    func answer(_ status: Int, _ body: JSON) -> ShellResponse { ShellResponse(status: status, body: body.encoded()) }
}

extension Response {
    /// The object in the answer.
    var object: JSONObject {
        switch body {
        case .data(let data), .bare(let data): (try? data.parsed())?.objectValue ?? [:]
        case .none, .raw, .stream: [:]
        }
    }
}
