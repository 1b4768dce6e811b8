package import Core
package import EngineKit
package import HTTPShell
import NIOHTTP1
import Syntax

/// The User API: `/api/v1/secrets` and `/api/v1/me`, for the people whose secrets they are.
///
/// The dialect stores nothing. Each request becomes requests to the engine `user-secrets` as the user, so policies, quotas and audit
/// apply as they do everywhere.
package struct UserDialect: Dialect {
    /// The path prefix of the API.
    package let prefix = "/api/v1/"
    let pipeline: any Pipeline
    let settings: UserSettings
    let limiter: RateLimiter
    private let origins: CrossOriginRules

    /// Creates the dialect.
    package init(pipeline: any Pipeline, settings: UserSettings, time: any TimeSource) {
        self.pipeline = pipeline
        self.settings = settings
        limiter = RateLimiter(time: time)
        origins = CrossOriginRules(
            origins: settings.origins, methods: "GET, POST, PUT, DELETE, PATCH, OPTIONS", headers: "authorization, content-type",
            exposedHeaders: "X-Request-ID, X-RateLimit-Limit, X-RateLimit-Remaining, Retry-After")
    }

    /// Returns the answer to a refusal of the HTTP layer.
    package func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse {
        UserError(refusal.status, refusal.message.isEmpty ? "Not Found" : refusal.message).response
    }

    /// Records a refusal of the HTTP layer, and returns its answer with the headers that let a page read it.
    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: refusal.status,
            reason: refusal.message)
        let response = await pipeline.record(refused).map { UserError($0).response } ?? answer(refusal, requestID: request.id)
        return origins.allowing(response, request)
    }

    /// Answers a request.
    package func respond(to request: ShellRequest) async -> ShellResponse {
        if let preflight = origins.preflight(request) { return preflight }
        return origins.allowing(await answered(request), request)
    }

    private func answered(_ request: ShellRequest) async -> ShellResponse {
        var exchange: UserExchange?
        var response: ShellResponse
        do throws(UserError) {
            let route = try UserRoute(method: request.method, path: request.path)
            if route == .document { return ShellResponse(status: 200, body: UserDocument.json.encoded()) }
            if route == .resolve {
                response = try await resolve(request)
            } else {
                let begun = try await begin(request)
                exchange = begun
                response = try await begun.run(route)
            }
        } catch {
            response = error.response
            if exchange?.isRecorded != true, let failure = await record(error, request) { response = failure.response }
        }
        if let count = exchange?.count {
            response.headers += [
                ("x-ratelimit-limit", String(count.limit)), ("x-ratelimit-remaining", String(max(0, count.remaining))),
            ]
        }
        return response
    }

    /// Finds out whose secrets the request is about.
    private func begin(_ request: ShellRequest) async throws(UserError) -> UserExchange {
        switch try UserCaller(request.headers, settings: settings) {
        case .user(let user, let credentials):
            return UserExchange(dialect: self, request: request, user: user, credentials: credentials)
        case .token(let token): return try await begin(request, token)
        }
    }

    /// Asks which entity a token of Coffer has, as the caller.
    private func begin(_ request: ShellRequest, _ token: String) async throws(UserError) -> UserExchange {
        try await checkToken(token, request)
        let answer = await pipeline.handle(
            CoreRequest(
                id: request.id, operation: .read, path: "auth/token/lookup-self", credentials: .token(token),
                connection: request.connection))
        switch answer.outcome {
        case .failure(let error): throw UserError(error)
        case .success(let response):
            guard let user = response.object["entity_id"]?.stringValue.flatMap(UserName.init) else { throw .noUser }
            return UserExchange(dialect: self, request: request, user: user, credentials: .token(token))
        }
    }

    /// Records a refusal of this dialect, as the pipeline records its own.
    private func record(_ refusal: UserError, _ request: ShellRequest) async -> UserError? {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: refusal.status,
            reason: "refused by the User API with status \(refusal.status)")
        return await pipeline.record(refused).map { UserError($0) }
    }
}
