package import Core
package import EngineKit
package import HTTPShell
package import NIOHTTP1
import Syntax

/// The Vault API below `/v1/`: what hvac, the CLI, Terraform and the other clients of Vault speak.
///
/// It translates only. Who may do what, and whether a path exists, is for the pipeline.
package struct VaultDialect: Dialect {
    package let prefix = "/v1/"
    private let pipeline: any Pipeline

    package init(pipeline: any Pipeline) { self.pipeline = pipeline }

    package func respond(to request: ShellRequest) async -> ShellResponse {
        if let clean = CleanPath(request.path, prefix: prefix) { return await redirect(request, to: clean) }
        let call: CoreRequest
        do throws(HTTPRefusal) {
            call = try CoreRequest(vault: request, prefix: prefix)
        } catch {
            let refused = await pipeline.record(refusal(of: request, path: below(request.path), error.status, error.message))
            return refused.map { ShellResponse(vault: unrouted(request, $0)) } ?? answer(error, requestID: request.id)
        }
        let answer = await pipeline.handle(call)
        return ShellResponse(vault: answer)
    }

    /// The method and the body are sent again as they were.
    private func redirect(_ request: ShellRequest, to clean: CleanPath) async -> ShellResponse {
        let refused = await pipeline.record(
            refusal(of: request, path: below(clean.text), 307, "the path has empty segments; redirected to the one without"))
        if let refused { return ShellResponse(vault: unrouted(request, refused)) }
        let target = request.query.isEmpty ? clean.text : clean.text + "?" + request.query
        return ShellResponse(status: 307, headers: [("location", target)])
    }

    package func refusalOfLargeBody(_ headers: HTTPHeaders, from connection: Connection) async -> HTTPRefusal? {
        guard let token = try? VaultHeaders(headers).token else { return .bodyTooLarge }
        do throws(CofferError) {
            return try await pipeline.knows(token: token, from: connection) ? nil : .bodyTooLarge
        } catch {
            var refusal = HTTPRefusal(StatusTable.vault.status(of: error), error.messages.first ?? "")
            refusal.retryAfter = error.retryAfter
            return refusal
        }
    }

    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        let reason = refusal.message.isEmpty ? "no such route" : refusal.message
        let path = request.path.hasUTF8Prefix(prefix) ? below(request.path) : request.path
        return await pipeline.record(self.refusal(of: request, path: path, refusal.status, reason))
            .map { ShellResponse(vault: unrouted(request, $0)) }
    }

    private func below(_ path: String) -> String { String(Substring(path.utf8.dropFirst(prefix.utf8.count))) }

    private func unrouted(_ request: ShellRequest, _ error: CofferError) -> CoreAnswer {
        CoreAnswer(requestID: request.id, outcome: .failure(error))
    }

    private func refusal(of request: ShellRequest, path: String, _ status: Int, _ reason: String) -> RefusedRequest {
        var credentials = CoreRequest.Credentials.none
        if let token = (try? VaultHeaders(request.headers))?.token ?? request.headers.first(name: "x-vault-token"), !token.isEmpty {
            credentials = .token(token)
        }
        return RefusedRequest(
            id: request.id, method: request.method, path: path, credentials: credentials, connection: request.connection,
            status: status, reason: reason)
    }
}
