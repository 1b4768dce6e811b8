import EngineKit
import Records
import Syntax

extension IdentityTokens {
    /// The path `oidc/config`.
    var configurationPath: EnginePath {
        EnginePath(
            "oidc/config", "What identity tokens name as their issuer.", fields: IssuerConfiguration.settings.fields
        )
        .reading("Read the configuration.") { _ in
            let found = try await configurations.find(IssuerConfiguration.name)?.value ?? IssuerConfiguration()
            return Response(.data(.object(found.shown)), warnings: try await issuerWarnings())
        }
        .updating("Change the configuration.") { request in
            try await configurations.edit(IssuerConfiguration.name) { stored, _ in
                var changed = stored ?? IssuerConfiguration()
                try changed.update(request.fields)
                stored = changed
            }
            guard !request.fields.text("issuer").isEmpty else { return .empty }
            return Response(
                .none,
                warnings: [
                    "All tokens have to be verified against this address from now on. An empty \"issuer\" sets it back to "
                        + "the api_addr of the server."
                ])
        }
    }

    /// The documents that verifiers of identity tokens read.
    var documentPaths: [EnginePath] {
        [
            EnginePath(
                "oidc/.well-known/openid-configuration", "What verifiers need to know (OpenID Connect Discovery).",
                access: .unauthenticated
            )
            .reading("Read the document.") { _ in try await discovery() },
            EnginePath(
                "oidc/.well-known/keys", "The public keys that identity tokens can be verified with (RFC 7517).",
                access: .unauthenticated
            )
            .reading("Read the public keys.") { _ in keySet(try await publishedKeys()) },
        ]
    }

    private func discovery() async throws -> Response {
        let issuer = try await issuer()
        return Self.cached(
            [
                "issuer": .string(issuer), "jwks_uri": .string(issuer + "/.well-known/keys"), "authorization_endpoint": "",
                "token_endpoint": "", "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": Self.algorithms,
            ], seconds: Self.cacheSecondsMax)
    }

    static let algorithms = JSON.strings(KeyAlgorithm.allCases.map(\.rawValue))
    /// The longest time that a document may be kept, so that a key that was withdrawn is not used for long.
    static let cacheSecondsMax = 3_600

    /// Returns the document with public keys, which verifiers may keep until one of the named keys rotates.
    func keySet(_ published: PublishedKeys) -> Response {
        let left = published.nextRotation.map { $0 - time.now().seconds } ?? 0
        return Self.cached(
            ["keys": .array(published.keys.map { .object($0) })], seconds: max(0, min(left, Self.cacheSecondsMax)))
    }

    /// Returns a document that whoever gets it may keep for a time.
    static func cached(_ document: JSONObject, seconds: Int) -> Response {
        var response = Response.bare(document)
        response.headers = [("cache-control", seconds > 0 ? "public, max-age=\(seconds)" : "no-store")]
        return response
    }
}
