import Core
import EngineKit
import HTTPShell
import Syntax

extension ShellResponse {
    /// Creates the HTTP answer of the Vault API from an answer of the core.
    init(vault answer: CoreAnswer) {
        switch answer.outcome {
        case .success(let response): self.init(vault: response, answer)
        case .failure(let error): self.init(vault: error, answer)
        }
        if !answer.headers.isEmpty { headers += answer.headers }
    }

    private init(vault response: Response, _ answer: CoreAnswer) {
        switch response.body {
        case .bare(let body):
            self.init(status: response.status ?? 200, body: body.encoded())
        case .none where response.hasNothingToSay:
            self.init(status: response.status ?? 204)
        case .none:
            self.init(status: response.status ?? 200, body: VaultEnvelope.encoded(answer, response, data: nil))
        case .data(let data):
            self.init(status: response.status ?? 200, body: VaultEnvelope.encoded(answer, response, data: data))
        case .raw(let content):
            self.init(status: response.status ?? 200, contentType: content.contentType, body: content.bytes)
            if content.contentType.hasUTF8Prefix("text/html") { headers += Self.pageHeaders }
        case .stream(let content):
            self.init(status: response.status ?? 200, stream: content)
        }
        let more = response.headers
        guard !more.isEmpty else { return }
        headers = headers.filter { header in !more.contains { $0.name == header.name } } + more
    }

    /// Unless they say otherwise, pages have no scripts, may be in no frame of another page, and send nothing of their address on.
    private static let pageHeaders: [(name: String, value: String)] = [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY"),
    ]

    private init(vault error: CofferError, _ answer: CoreAnswer) {
        let status = StatusTable.vault.status(of: error)
        let body =
            if let data = error.data {
                VaultEnvelope.encoded(answer, Response(.data(data), warnings: error.messages), data: data)
            } else {
                JSON.object(["errors": .strings(error.messages)]).encoded()
            }
        self.init(status: status, headers: error.waitHeaders, body: body)
    }
}
