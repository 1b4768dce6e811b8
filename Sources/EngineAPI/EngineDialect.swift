package import Core
import EngineKit
package import HTTPShell
import NIOHTTP1

/// The Engine API: the engines of an automation platform use it to store and fetch OAuth tokens.
///
/// The dialect only translates. Each call becomes one request to the connections mount, so policies, audit and quotas apply
/// as they do everywhere. There is one dialect for each path prefix of the API.
package struct EngineDialect: Dialect {
    /// The path prefix of the API.
    package let prefix: String
    private let pipeline: any Pipeline
    private let mount: String

    /// Returns the dialects of all path prefixes. `mount` ends with a slash.
    package static func all(pipeline: any Pipeline, mount: String = "connections/") -> [any Dialect] {
        ["/store_token", "/get_token", "/status", "/vault/", "/oauth/start", "/oauth/callback"].map { prefix in
            EngineDialect(prefix: prefix, pipeline: pipeline, mount: mount)
        }
    }

    /// Answers a call.
    package func respond(to request: ShellRequest) async -> ShellResponse {
        do throws(EngineCall.Malformed) {
            let call = try EngineCall(request, mount: mount)
            let answer = await pipeline.handle(call.request)
            do throws(EngineRefusal) {
                var response = try call.reply.response(answer)
                response.headers += answer.headers
                return response
            } catch {
                return error.response(requestID: request.id)
            }
        } catch {
            return await refuse(error, request).response(requestID: request.id)
        }
    }

    /// Refuses a malformed call. A caller that is not allowed is told only that, whatever else is wrong, and the refusal is
    /// recorded.
    private func refuse(_ malformed: EngineCall.Malformed, _ request: ShellRequest) async -> EngineRefusal {
        guard let probe = malformed.probe else {
            let reason = "refused by the Engine API: \(malformed.refusal.code)"
            return await record(malformed.refusal.status, reason, of: request) ?? malformed.refusal
        }
        let answer = await pipeline.handle(probe)
        guard case .failure(let error) = answer.outcome else { return malformed.refusal }
        let refusal = EngineRefusal(error, refusal: answer.inlineRefusal)
        return [400, 404].contains(refusal.status) ? malformed.refusal : refusal
    }

    /// Records a refusal, as the pipeline records its own. Returns the error to answer with instead if that fails.
    private func record(_ status: Int, _ reason: String, of request: ShellRequest) async -> EngineRefusal? {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: status,
            reason: reason)
        return await pipeline.record(refused).map { EngineRefusal($0, refusal: nil) }
    }

    /// Records a refusal of the HTTP layer and returns its answer.
    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        await record(refusal.status, refusal.message, of: request)?.response(requestID: request.id)
    }

    /// Returns the answer to a refusal of the HTTP layer.
    package func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse {
        let code =
            switch refusal.status {
            case 413: "too_large"
            case 500...: "unavailable"
            default: "invalid_request"
            }
        return EngineRefusal(refusal.status, code, message: refusal.message).response(requestID: requestID)
    }
}
