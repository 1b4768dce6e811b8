import Core
import EngineKit
import HTTPShell
import Syntax

/// One HTTP request of a service. A route sends one or more internal requests to the pipeline as the caller, one after
/// another.
///
/// This is a class because each `await` of a struct of this size would keep a copy of it on the heap.
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

    /// Sends an internal request and returns its answer. Throws errors that no route handles: unknown callers, and a server
    /// that cannot answer.
    func ask(
        _ operation: Operation, _ path: String, query: [(name: String, value: String)] = [], body: JSONObject? = nil
    ) async throws(ServiceError) -> Result<Response, CofferError> {
        try await answered(operation, path, query: query, body: body).outcome
    }

    /// Sends an internal request and returns its answer with the path that answered.
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

    /// The caller's name if it is a known service, or `?`, because a caller can send any text as a name, even a token in
    /// the wrong header.
    private var shownName: String { dialect.directory[caller.name] == nil ? "?" : caller.name }

    func denied(_ action: String, _ resource: String) -> ServiceError {
        ServiceError(403, "Service '\(caller.name)' does not have '\(action)' permission for '\(resource)'")
    }

    /// Checks the caller before a malformed request is explained: only authorized callers are told what is wrong.
    ///
    /// - Parameter provider: The provider that is about to be asked about a credential, for the audit log.
    func checkCaller(asking provider: String? = nil) async throws(ServiceError) {
        let query = provider.map { [(name: "provider", value: $0)] } ?? []
        if case .failure(let error) = try await ask(.read, settings.projectsMount + "caller", query: query) {
            throw error.code == .permissionDenied
                ? ServiceError(403, "Service '\(caller.name)' is not allowed") : ServiceError(error)
        }
    }

    /// Reads what was sent. If it is malformed, the caller is checked before the error is thrown.
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
