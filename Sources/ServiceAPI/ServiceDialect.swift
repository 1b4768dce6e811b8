package import Core
import EngineKit
package import HTTPShell
package import Logging
import NIOHTTP1
import Syntax

/// The Service API: `/api/projects`, `/api/secrets` and `/health`, for services that have a name and a token.
///
/// The dialect keeps no data. Secrets are in a KV version 2 mount and projects in a mount of their own. Both are reached
/// through the pipeline as the service, so its policy, audit and quotas apply as they do everywhere.
package struct ServiceDialect: Dialect {
    /// The path prefix of the API.
    package let prefix = "/"
    let pipeline: any Pipeline
    let settings: ServiceSettings
    let directory: ServiceDirectory
    let verifier: any ProviderVerifier
    let logger: Logger
    private let origins: CrossOriginRules

    /// Creates the dialect.
    package init(
        pipeline: any Pipeline, settings: ServiceSettings, directory: ServiceDirectory,
        verifier: any ProviderVerifier = NoProviders(),
        logger: Logger = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.pipeline = pipeline
        self.settings = settings
        self.directory = directory
        self.verifier = verifier
        self.logger = logger
        origins = CrossOriginRules(
            origins: settings.corsOrigins, methods: "GET, POST, PUT, PATCH, DELETE", headers: "content-type, x-service, x-token",
            exposedHeaders: "link, x-total-count, x-request-id, retry-after")
    }

    /// Returns the answer to a refusal of the HTTP layer.
    package func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse {
        ServiceError(refusal.status, refusal.message.isEmpty ? "Not Found" : refusal.message).response
    }

    /// Records a refusal of the HTTP layer and returns its answer.
    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: refusal.status,
            reason: refusal.message)
        return await pipeline.record(refused).map { ServiceError($0).response }
    }

    /// Answers a request.
    package func respond(to request: ShellRequest) async -> ShellResponse {
        if let preflight = origins.preflight(request) { return preflight }
        do throws(ServiceError) {
            return origins.allowing(try await route(request), request)
        } catch {
            return origins.allowing(error.response, request)
        }
    }

    private func route(_ request: ShellRequest) async throws(ServiceError) -> ShellResponse {
        switch request.path {
        case "/":
            try Self.expectGet(request)
            return ShellResponse(
                status: 200,
                body: JSON.object(["message": .string("Welcome to \(settings.name) - Secure data vault service")]).encoded())
        case "/health":
            try Self.expectGet(request)
            return await health(request)
        case "/openapi.json":
            try Self.expectGet(request)
            return ShellResponse(status: 200, body: ServiceDocument(settings).json.encoded())
        default: break
        }
        let (route, caller): (ServiceRoute, ServiceCaller)
        do throws(ServiceError) {
            guard let known = try ServiceRoute(method: request.method, path: request.path) else { throw .notFound }
            route = known
            caller = try ServiceCaller(
                request.headers, connection: request.connection, directory: directory, realm: settings.name)
        } catch {
            try await record(error, request)
            throw error
        }
        return try await ServiceExchange(dialect: self, request: request, caller: caller).run(route)
    }

    /// Records a refusal of this dialect, as the pipeline records its own.
    private func record(_ refusal: ServiceError, _ request: ShellRequest) async throws(ServiceError) {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: refusal.status,
            reason: "refused by the Service API with status \(refusal.status)")
        if let error = await pipeline.record(refused) { throw ServiceError(error) }
    }

    private static func expectGet(_ request: ShellRequest) throws(ServiceError) {
        guard request.method == "GET" || request.method == "HEAD" else { throw .notAllowed("GET") }
    }

    /// Answers whether requests are accepted, with less detail than `sys/health`.
    private func health(_ request: ShellRequest) async -> ShellResponse {
        let answer = await pipeline.handle(CoreRequest(id: request.id, operation: .read, path: "sys/health"))
        var isHealthy = false
        if case .success(let response) = answer.outcome { isHealthy = response.status == 200 }
        let body: JSONObject = ["status": .string(isHealthy ? "healthy" : "sealed"), "service": .string(settings.name)]
        return ShellResponse(status: isHealthy ? 200 : 503, body: body.encoded())
    }
}
