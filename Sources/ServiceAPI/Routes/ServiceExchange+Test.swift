import HTTPShell
import Syntax

extension ServiceExchange {
    /// Checks the caller's own credentials, or a credential of a provider that it sends.
    func testCredentials() async throws(ServiceError) -> ShellResponse {
        let asked = try await reading { () throws(ServiceError) in try ProviderCredential(try RequestBody(request.body)) }
        // The audit log records that a provider is asked, and by whom.
        try await checkCaller(asking: asked?.provider)
        guard let asked else {
            return answer(200, ["status": "ok", "message": .string("Authentication successful for service '\(caller.name)'")])
        }
        let acceptance: ProviderAcceptance
        do throws(ProviderRefusal) {
            acceptance = try await dialect.verifier.verify(asked.value, provider: asked.provider)
        } catch {
            throw refusal(error, of: asked.provider)
        }
        switch acceptance {
        case .full: return answer(200, ["status": "ok", "message": .string("The provider accepts this credential")])
        case .restricted:
            let message = "The provider knows this credential, which lacks the right for this check"
            return answer(200, ["status": "ok", "message": .string(message)])
        }
    }

    private func refusal(_ refusal: ProviderRefusal, of asked: String) -> ServiceError {
        switch refusal {
        case .unknownProvider:
            let known = dialect.verifier.providers
            guard !known.isEmpty else {
                return .unknownProvider(asked, known: "none")
            }
            let shown = known.prefix(Self.shownProvidersMax).joined(separator: ", ")
            let more = known.count > Self.shownProvidersMax ? " and \(known.count - Self.shownProvidersMax) more" : ""
            return .unknownProvider(asked, known: shown + more)
        case .noRule: return .invalid("provider", "has no rule to check credentials with; add 'verify' to its profile")
        case .malformed: return .invalid("value", "does not have the form of this provider's credentials")
        case .refused: return ServiceError(400, "The provider does not accept this credential")
        case .unreachable: return ServiceError(502, "The provider could not be asked; try again later")
        case .busy:
            return ServiceError(503, "Too many credentials are being checked; try again shortly", headers: [("retry-after", "1")])
        }
    }

    private static let shownProvidersMax = 100
}

/// A credential and the provider that it is for.
private struct ProviderCredential {
    var provider: String
    var value: String

    private static let valueBytesMax = 8_192

    /// Returns nil if neither was sent.
    init?(_ body: RequestBody) throws(ServiceError) {
        guard body.has("provider") || body.has("value") else { return nil }
        provider = try body.requiredText("provider")
        value = try body.requiredText("value")
        // The value is sent in a header.
        guard (1...Self.valueBytesMax).contains(value.utf8.count), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid("value", "must be 1 to \(Self.valueBytesMax) bytes without control characters")
        }
    }
}
