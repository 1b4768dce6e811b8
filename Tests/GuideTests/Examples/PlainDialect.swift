import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax

/// Reads over HTTP below `/plain/`, answered with the data alone. Errors are plain text.
struct PlainDialect: Dialect {
    let prefix = "/plain/"
    let pipeline: any Pipeline

    func respond(to request: ShellRequest) async -> ShellResponse {
        var read = CoreRequest(
            id: request.id, operation: .read, path: String(request.path.dropFirstUTF8(prefix.utf8.count)),
            connection: request.connection)
        let tokens = request.headers["x-plain-token"]
        guard tokens.count <= 1 else { return await refuse(request, read, because: .invalid("there is more than one token")) }
        if let token = tokens.first { read.credentials = .token(token) }
        guard request.method == "GET" else {
            return await refuse(request, read, because: CofferError(.methodNotAllowed, "only GET is supported here"))
        }
        return response(to: await pipeline.handle(read))
    }
}

extension PlainDialect {
    private func response(to answer: CoreAnswer) -> ShellResponse {
        switch answer.outcome {
        case .failure(let error): return Self.text(error)
        case .success(let response):
            switch response.body {
            case .data(let json), .bare(let json):
                return ShellResponse(status: response.status ?? 200, headers: answer.headers, body: json.encoded())
            default: return ShellResponse(status: response.status ?? 204, headers: answer.headers)
            }
        }
    }

    /// Records a request that does not reach the pipeline, and refuses it.
    private func refuse(_ request: ShellRequest, _ read: CoreRequest, because error: CofferError) async -> ShellResponse {
        let refused = RefusedRequest(
            id: request.id, method: request.method, path: read.path, credentials: read.credentials,
            connection: request.connection, status: error.code.httpStatus, reason: error.messages[0])
        return Self.text(await pipeline.record(refused) ?? error)
    }

    private static func text(_ error: CofferError) -> ShellResponse {
        let body = error.messages.joined(separator: "\n") + "\n"
        return ShellResponse(status: error.code.httpStatus, contentType: "text/plain; charset=utf-8", body: Array(body.utf8))
    }
}
