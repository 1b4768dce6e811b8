import CredentialChecks
import DatabaseClients
import EngineKit
import Outbound
import Syntax

/// Suggestions are of known providers and few; a pattern that matches wholly is suggested; and a connection string that can be used names
/// one host.
func fuzzCredentials(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let finding = CredentialDetector.detect(text, chosen: "openai")
    precondition(finding.suggestions.count <= 5 && finding.warnings.count <= 4)
    for suggestion in finding.suggestions { precondition(Provider.named(suggestion.provider) != nil) }
    for warning in finding.warnings { precondition(!warning.text.isEmpty) }
    if let url = RedisURL(text) {
        precondition((1...65_535).contains(url.port) && !url.host.isEmpty)
        precondition(
            OutboundURL.isName(url.host) || AddressRange.normalized(url.host) != nil, "a host that is neither name nor address")
        precondition(!url.username.utf8.contains(0) && !url.password.utf8.contains(0))
    }
    if let login = try? PostgresLogin(text) {
        precondition(!login.host.utf8.contains { "/@,\\".utf8.contains($0) }, "a connection string reaches for a socket")
    }
    if let signer = WebhookSigner(secret: text) {
        precondition(signer.passesSelfTest(at: Timestamp(seconds: 1_800_000_000)))
    }
}
