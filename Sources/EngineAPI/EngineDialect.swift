package import Core
import EngineKit
package import HTTPShell
import NIOHTTP1

/// The Engine API: what the engines of an automation platform speak to store and fetch OAuth tokens.
///
/// It translates only. Every call becomes one request to the connections mount, so policies, audit and quotas hold for
/// it as for everything else. One of these stands for each path prefix of the API.
package struct EngineDialect: Dialect {
    package let prefix: String
    private let pipeline: any Pipeline
    private let mount: String

    /// `mount` has a final slash.
    package static func all(pipeline: any Pipeline, mount: String = "connections/") -> [any Dialect] {
        ["/store_token", "/get_token", "/status", "/vault/", "/oauth/start", "/oauth/callback"].map { prefix in
            EngineDialect(prefix: prefix, pipeline: pipeline, mount: mount)
        }
    }

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

    /// Who may not call is told that, whatever else is wrong; and so it is on record.
    private func refuse(_ malformed: EngineCall.Malformed, _ request: ShellRequest) async -> EngineRefusal {
        guard let probe = malformed.probe else { return await record(malformed.refusal, request) ?? malformed.refusal }
        let answer = await pipeline.handle(probe)
        guard case .failure(let error) = answer.outcome else { return malformed.refusal }
        let refusal = EngineRefusal(error, refusal: answer.inlineRefusal)
        return [400, 404].contains(refusal.status) ? malformed.refusal : refusal
    }

    /// Records a request that is refused here, as the pipeline records what it refuses.
    private func record(_ refusal: EngineRefusal, _ request: ShellRequest) async -> EngineRefusal? {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: refusal.status,
            reason: "refused by the Engine API: \(refusal.code)")
        return await pipeline.record(refused).map { EngineRefusal($0, refusal: nil) }
    }

    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: request.path, connection: request.connection, status: refusal.status,
            reason: refusal.message)
        return await pipeline.record(refused).map { EngineRefusal($0, refusal: nil).response(requestID: request.id) }
    }

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
