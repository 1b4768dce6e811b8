import HTTPShell
import Syntax

extension ServiceExchange {
    /// Checks the caller's own credentials, or those of a provider that it sends.
    func testCredentials() async throws(ServiceError) -> ShellResponse {
        try await checkCaller()
        let body = try RequestBody(request.body)
        guard body.has("provider") || body.has("value") else {
            return answer(
                200, ["status": "ok", "message": .string("Service '\(caller.name)' is authenticated")])
        }
        let provider = try body.requiredText("provider")
        let value = try body.requiredText("value")
        do throws(ProviderRefusal) {
            try await dialect.verifier.verify(value, provider: provider)
        } catch {
            switch error {
            case .unknownProvider:
                let known = dialect.verifier.providers
                throw .invalid(
                    "provider",
                    known.isEmpty
                        ? "is none that this server can check; it knows no provider"
                        : "is none that this server can check; it knows \(known.sorted().joined(separator: ", "))")
            case .refused: throw ServiceError(400, "The provider does not accept this credential")
            case .unreachable: throw ServiceError(502, "The provider could not be asked; try again later")
            }
        }
        return answer(200, ["status": "ok", "message": .string("The provider accepts this credential")])
    }
}
