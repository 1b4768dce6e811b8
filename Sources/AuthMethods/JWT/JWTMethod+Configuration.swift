import EngineKit
import Records
import Syntax

extension JWTMethod {
    var configuration: EnginePath {
        EnginePath(
            "config", "Where the keys of tokens come from, and the client of an OpenID provider.",
            fields: JWTConfiguration.settings.fields
        )
        .reading("Read the configuration, without secrets.") { _ in try await readConfiguration() }
        .updating("Replace the configuration.") { try await writeConfiguration($0) }
    }

    private func readConfiguration() async throws -> Response {
        guard let found = try await foundConfiguration() else { throw CofferError.notFound }
        var shown = found.value.shown
        shown["skip_jwks_validation"] = nil
        let isValid = await (try? keyStore.keys(of: found))?.areAvailable() == true
        shown["status"] = isValid ? "valid" : "invalid"
        let warnings = isValid ? [] : ["the keys of the identity provider are not available; see the server's log"]
        return Response(.data(.object(shown)), warnings: warnings)
    }

    /// Replaces the whole configuration, as the Vault API does. It is stored only if the keys can be fetched, unless the request says
    /// otherwise.
    private func writeConfiguration(_ request: Request) async throws -> Response {
        var made = JWTConfiguration.settings.new
        try made.update(request.fields)
        let configuration = made
        let keys = try keyStore.candidate(configuration)
        var warnings: [String] = []
        if await !keys.areAvailable() {
            let text = configuration.discoveryURL.isEmpty ? "error checking jwks URL" : "error checking oidc discovery URL"
            let reason = "\(text): the keys could not be fetched; see the server's log"
            guard configuration.skipsValidation else { throw CofferError.invalid(reason) }
            warnings.append("\(reason). The configuration is stored; logins are refused until the keys can be fetched")
        }
        try await configurations.edit(Self.configurationName) { stored, _ in stored = configuration }
        return Response(.none, warnings: warnings)
    }
}
