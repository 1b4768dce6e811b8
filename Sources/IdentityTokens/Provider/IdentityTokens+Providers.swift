import EngineKit
import Identity
import Records
import Syntax

extension IdentityTokens {
    /// The paths `oidc/provider` and `oidc/provider/…`.
    var providerPaths: [EnginePath] {
        [
            EnginePath(
                "oidc/provider", "The OpenID providers.",
                fields: Paging.fields + [
                    Field("allowed_client_id", .string, query: true, "List only the providers that serve this client id.")
                ]
            )
            .listing("List the providers.", listProviders),
            EnginePath("oidc/provider/{name}", "An OpenID provider.", fields: [Self.nameField] + Provider.settings.fields)
                .reading("Read a provider.") { request in
                    guard let provider = try await provider(try ObjectName.of(request)) else { throw CofferError.notFound }
                    return .data(provider.shown)
                }
                .updating("Create or change a provider.", writeProvider)
                .deleting("Delete a provider.", deleteProvider),
            EnginePath(
                "oidc/provider/{name}/.well-known/openid-configuration",
                "What clients of a provider need to know (OpenID Connect Discovery).", fields: [Self.nameField],
                access: .unauthenticated
            )
            .reading("Read the document.", providerDiscovery),
            EnginePath(
                "oidc/provider/{name}/.well-known/keys", "The public keys of a provider's tokens (RFC 7517).",
                fields: [Self.nameField], access: .unauthenticated
            )
            .reading("Read the public keys.") { request in
                let provider = try await existingProvider(request)
                return keySet(try await publishedKeys(of: provider, named: request.captures["name"]))
            },
        ]
    }

    /// Returns the provider of that name, or nil if there is none.
    func provider(_ name: String) async throws -> Provider? {
        guard ObjectName.isValid(name) else { return nil }
        return try await providers.find(name)?.value ?? (name == Provider.defaultName ? .byDefault : nil)
    }

    /// Returns the provider in the path of a request.
    ///
    /// - Throws: `.notFound` if there is none.
    func existingProvider(_ request: Request) async throws -> Provider {
        guard let provider = try await provider(request.captures["name"]) else { throw CofferError.notFound }
        return provider
    }

    /// Returns the issuer of a provider's tokens.
    func issuer(of provider: Provider, named name: String) async throws -> String {
        try address(configured: provider.issuer) + "/v1/identity/oidc/provider/" + name
    }

    private func listProviders(_ request: Request) async throws -> Response {
        let wanted = request.fields.text("allowed_client_id")
        var names = Set(try await providers.names(Paging(limit: Self.pageMax)))
        names.insert(Provider.defaultName)
        if !wanted.isEmpty {
            // Before the page is cut out, which would otherwise have fewer names than there are.
            for name in names where try await listed(name)?.allows(clientID: wanted) != true { names.remove(name) }
        }
        var shown: [(name: String, value: JSONObject)] = []
        for name in Paging(request.fields, limitMax: Self.pageMax).page(of: Array(names)) {
            guard let provider = try await listed(name) else { continue }
            var object = provider.shown
            object["issuer"] = .string((try? await issuer(of: provider, named: name)) ?? "")
            shown.append((name, object))
        }
        return try .keys(
            shown.map(\.name), info: JSONObject(shown.map { .init(key: $0.name, value: .object($0.value)) }))
    }

    private func listed(_ name: String) async throws -> Provider? {
        let (found, isDamaged) = try await providers.findUnlessDamaged(name)
        return found?.value ?? (name == Provider.defaultName && !isDamaged ? .byDefault : nil)
    }

    private func writeProvider(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        var warnings: [String] = []
        try await change { batch in
            let found = try await providers.find(name)
            let before = found?.value ?? (name == Provider.defaultName ? .byDefault : Provider())
            var provider = before
            try provider.update(request.fields)
            provider.scopes.removeAll { $0 == Scope.openID }
            if found == nil { try await checkRoom(for: "providers", in: providers, max: Self.pageMax) }
            warnings = try await conflicts(of: provider.scopes)
            refer(
                Referrer(.provider, name), from: Set((found?.value.scopes ?? []).map { .scope($0) }),
                to: Set(provider.scopes.map { .scope($0) }), in: &batch)
            providers.put(name, provider, if: found?.unchanged ?? .absent, into: &batch)
        }
        return Response(.none, warnings: warnings)
    }

    /// The most warnings of one kind in an answer.
    static let warningsMax = 20

    /// Returns warnings about claims that two scopes give, because a request of both is refused.
    private func conflicts(of names: [String]) async throws -> [String] {
        var (owners, warnings) = ([String: String](), [String]())
        for name in names {
            guard let scope = try await scopes.find(name)?.value else {
                throw CofferError.invalid("scope \"\(name)\" does not exist")
            }
            for claim in scope.template.names {
                if let other = owners[claim] {
                    warnings.append(
                        "The scopes \"\(other)\" and \"\(name)\" both have the claim \"\(claim)\"; a request of both is refused.")
                }
                owners[claim] = name
            }
        }
        return Array(warnings.prefix(Self.warningsMax))
    }

    private func deleteProvider(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        guard name != Provider.defaultName else {
            throw CofferError.invalid("deletion of provider \"default\" not allowed")
        }
        try await change { batch in
            guard let found = try await providers.find(name) else { return }
            refer(Referrer(.provider, name), from: Set(found.value.scopes.map { .scope($0) }), to: [], in: &batch)
            providers.delete(name, if: found.unchanged, into: &batch)
        }
    }

    // MARK: Documents

    private func providerDiscovery(_ request: Request) async throws -> Response {
        let name = request.captures["name"]
        let provider = try await existingProvider(request)
        let issuer = try await issuer(of: provider, named: name)
        return Self.cached(
            [
                "issuer": .string(issuer), "jwks_uri": .string(issuer + "/.well-known/keys"),
                "authorization_endpoint": .string(issuer + "/sign-in"), "token_endpoint": .string(issuer + "/token"),
                "userinfo_endpoint": .string(issuer + "/userinfo"), "request_parameter_supported": false,
                "request_uri_parameter_supported": false, "id_token_signing_alg_values_supported": Self.algorithms,
                "response_types_supported": ["code"], "response_modes_supported": ["query"],
                "scopes_supported": .strings([Scope.openID] + provider.scopes.sorted()),
                "subject_types_supported": ["public"], "grant_types_supported": ["authorization_code"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": true,
            ], seconds: Self.cacheSecondsMax)
    }
}
