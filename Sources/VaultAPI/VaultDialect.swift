package import Core
package import EngineKit
package import HTTPShell
package import NIOHTTP1
import Syntax

/// The Vault API below `/v1/`, which hvac, the command line, Terraform and other clients of Vault use.
///
/// It only translates. The pipeline decides whether a path exists and who may use it.
package struct VaultDialect: Dialect {
    /// The path prefix of the API.
    package let prefix = "/v1/"
    private let pipeline: any Pipeline

    /// Creates the dialect of a pipeline.
    package init(pipeline: any Pipeline) { self.pipeline = pipeline }

    /// Answers a request.
    package func respond(to request: ShellRequest) async -> ShellResponse {
        if let clean = CleanPath(request.path, prefix: prefix) { return await redirect(request, to: clean) }
        let call: CoreRequest
        do throws(HTTPRefusal) {
            call = try CoreRequest(vault: request, prefix: prefix)
        } catch {
            let refused = await pipeline.record(
                refusal(of: request, path: below(request.path), status: error.status, reason: error.message))
            return refused.map { ShellResponse(vault: unrouted(request, $0)) } ?? answer(error, requestID: request.id)
        }
        let answer = await pipeline.handle(call)
        return ShellResponse(vault: answer)
    }

    /// Returns a redirect to a corrected path. With the status 307 the client repeats the method and the body.
    private func redirect(_ request: ShellRequest, to clean: CleanPath) async -> ShellResponse {
        let refused = await pipeline.record(
            refusal(
                of: request, path: below(clean.text), status: 307,
                reason: "the path has empty segments; redirected to the path without them"))
        if let refused { return ShellResponse(vault: unrouted(request, refused)) }
        let target = request.query.isEmpty ? clean.text : clean.text + "?" + request.query
        return ShellResponse(status: 307, headers: [("location", target)])
    }

    /// Returns the reason why a request may not have a large body, or nil if its token is valid.
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

    /// Records a refusal of the HTTP layer. Returns the answer to send instead if it cannot be recorded.
    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? {
        let reason = refusal.message.isEmpty ? "no such route" : refusal.message
        let path = request.path.hasUTF8Prefix(prefix) ? below(request.path) : request.path
        return await pipeline.record(self.refusal(of: request, path: path, status: refusal.status, reason: reason))
            .map { ShellResponse(vault: unrouted(request, $0)) }
    }

    /// Returns a path without the prefix.
    private func below(_ path: String) -> String { String(Substring(path.utf8.dropFirst(prefix.utf8.count))) }

    /// Returns the answer to a request that did not reach the pipeline.
    private func unrouted(_ request: ShellRequest, _ error: CofferError) -> CoreAnswer {
        CoreAnswer(requestID: request.id, outcome: .failure(error))
    }

    /// Returns a refusal for the audit log.
    private func refusal(of request: ShellRequest, path: String, status: Int, reason: String) -> RefusedRequest {
        var credentials = CoreRequest.Credentials.none
        if let token = (try? VaultHeaders(request.headers))?.token ?? request.headers.first(name: "x-vault-token"), !token.isEmpty {
            credentials = .token(token)
        }
        return RefusedRequest(
            id: request.id, method: request.method, path: path, credentials: credentials, connection: request.connection,
            status: status, reason: reason)
    }
}
