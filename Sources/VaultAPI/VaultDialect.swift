package import Core
import EngineKit
package import HTTPShell
import NIOHTTP1

/// The Vault API below `/v1/`: what hvac, the CLI, Terraform and the other clients of Vault speak.
///
/// It translates only. Who may do what, and whether a path exists, is for the pipeline.
package struct VaultDialect: Dialect {
    package let prefix = "/v1/"
    private let pipeline: any Pipeline

    package init(pipeline: any Pipeline) { self.pipeline = pipeline }

    package func respond(to request: ShellRequest) async -> ShellResponse {
        let call: CoreRequest
        do throws(HTTPRefusal) {
            call = try CoreRequest(vault: request, prefix: prefix)
        } catch {
            return answer(error, requestID: request.id)
        }
        let answer = await pipeline.handle(call)
        return ShellResponse(vault: answer)
    }
}
