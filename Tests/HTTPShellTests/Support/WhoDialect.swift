import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax

/// Says what is known of the client: its address and port, its certificates, and the headers that carry certificates.
struct WhoDialect: Dialect {
    let prefix = "/v1/"

    func respond(to request: ShellRequest) async -> ShellResponse {
        let client = request.connection
        let chain = client.certificateChain.map { Base64.encode($0) }.joined(separator: ",")
        let headers = ["client-cert", "client-cert-chain", "x-cert"].filter { request.headers.contains(name: $0) }
        let text = "\(client.remoteAddress) \(client.remotePort) [\(chain)] \(client.clientCertificateNames) \(headers)"
        return ShellResponse(status: 200, contentType: "text/plain", body: Array(text.utf8))
    }
}
