import EngineKit
import Identity
import JOSE
import OAuth
import Records
import SecretMemory
import Syntax

extension IdentityTokens {
    /// The path `oidc/provider/…/token`.
    var exchangePath: EnginePath {
        EnginePath(
            "oidc/provider/{name}/token", "An ID token and an access token for a code (OpenID Connect Core, 3.1.3).",
            details:
                "Takes a form with grant_type, code, redirect_uri and code_verifier. The client authenticates with Basic, or with "
                + "client_id and client_secret in the form; a public client sends its client_id.",
            fields: [Self.nameField], access: .unauthenticated
        )
        .updating("Exchange a code.", takes: .bytes(max: FormBody.bytesMax)) { request in
            try await answering { try await exchange(request) }
        }
    }

    private func exchange(_ request: Request) async throws -> Response {
        let sent = try TokenRequest(request)
        let name = request.captures["name"]
        guard let provider = try await provider(name) else { throw ProviderError("invalid_request", "provider not found") }
        guard let client = try await client(id: sent.clientID)?.client,
            client.kind == .public || client.hasSecret(sent.clientSecret)
        else { throw ProviderError.badClient }
        guard provider.allows(clientID: client.clientID) else {
            throw ProviderError("unauthorized_client", "client is not authorized to use the provider")
        }
        guard sent.grantType == "authorization_code" else {
            throw ProviderError("unsupported_grant_type", "grant_type must be \"authorization_code\"")
        }
        guard let key = try await keys.find(client.key), key.settings.allows(clientID: client.clientID) else {
            throw ProviderError.keyOfOthers
        }
        let issued = try await spend(sent, client, provider: name)
        return try await answer(issued, sent, client: client, key: key, issuer: try await issuer(of: provider, named: name))
    }

    // MARK: Codes

    /// The most access tokens of an entity that end in the same minute.
    static let accessTokensPerMinuteMax = 30

    /// A code that was spent by this request, and the access token that was issued with it.
    private struct Issued: Sendable {
        var code: AuthorizationCode
        var entity: ResolvedEntity
        var accessToken: String
    }

    /// Spends a code, and stores an access token in the same batch, so that of several requests with a code one gets tokens.
    ///
    /// A code that is presented with anything that does not belong to it is spent too. One that is presented again ends the access
    /// token that was issued for it (RFC 6749, 4.1.2), because one of the two that had it is not the client.
    private func spend(_ sent: TokenRequest, _ client: Client, provider: String) async throws -> Issued {
        guard let name = codes.name(of: sent.code), let found = try await codes.table.find(name)?.value else {
            throw ProviderError.badGrant
        }
        let now = time.now()
        let end = now.adding(seconds: client.accessTokenTTL).seconds
        let access = accessTokens.make(endingAt: end, of: found.entityID)
        let issued = try await codes.table.edit(name) { stored, batch -> Issued? in
            guard var code = stored else { return nil }
            if code.isSpent {
                if !code.accessToken.isEmpty { accessTokens.table.delete(code.accessToken, into: &batch) }
                return nil
            }
            code.isSpent = true
            let entity = try await grantee(of: code, client)
            let isGood =
                now.seconds < code.expiresAt && entity != nil && code.provider == provider
                && code.clientID.equalsUTF8(client.clientID) && code.redirectURI.equalsUTF8(sent.redirectURI)
                && Self.proves(sent.verifier, challenge: code.challenge, isRequired: client.kind == .public)
            if isGood {
                // The code is not spent then.
                guard try await accessTokens.folders.hasRoom(in: access.folder, perOwnerMax: Self.accessTokensPerMinuteMax) else {
                    throw CofferError.tooMany("too many access tokens were issued to this entity", inTheMinuteOf: end)
                }
                code.accessToken = access.name
                let token = AccessToken(
                    provider: provider, clientID: code.clientID, entityID: code.entityID, scopes: code.scopes, expiresAt: end)
                accessTokens.table.put(access.name, token, if: .absent, into: &batch)
            }
            stored = code
            guard isGood, let entity else { return nil }
            return Issued(code: code, entity: entity, accessToken: access.text)
        }
        guard let issued else { throw ProviderError.badGrant }
        return issued
    }

    /// Returns the entity of a code, or nil if it may no longer log in to the client.
    private func grantee(of code: AuthorizationCode, _ client: Client) async throws -> ResolvedEntity? {
        guard let entity = try await identity.resolve(code.entityID), !entity.isDisabled,
            try await isAssigned(entity, to: client)
        else { return nil }
        return entity
    }

    /// Returns whether the verifier is the one whose challenge the code was issued with. A verifier for a code without a challenge is
    /// refused: somebody may have taken the challenge out of the request for the code (RFC 9700, 4.8.2).
    private static func proves(_ verifier: String, challenge: String, isRequired: Bool) -> Bool {
        guard !challenge.isEmpty else { return verifier.isEmpty && !isRequired }
        guard (43...128).contains(verifier.utf8.count) else { return false }
        return constantTimeEqual(Array(PKCE.challenge(of: verifier).utf8), Array(challenge.utf8))
    }

    // MARK: Tokens

    private func answer(
        _ issued: Issued, _ sent: TokenRequest, client: Client, key: NamedKey, issuer: String
    ) async throws -> Response {
        let now = time.now()
        let ttl = min(client.idTokenTTL, key.settings.verificationTTL)
        var own: JSONObject = [
            "at_hash": .string(Self.leftHalf(issued.accessToken, key)), "aud": .string(client.clientID),
            "c_hash": .string(Self.leftHalf(sent.code, key)), "exp": .int(now.adding(seconds: ttl).seconds),
            "iat": .int(now.seconds), "iss": .string(issuer), "namespace": "root", "sub": .string(issued.entity.id),
        ]
        if issued.code.loggedInAt > 0 { own["auth_time"] = .int(issued.code.loggedInAt) }
        if !issued.code.nonce.isEmpty { own["nonce"] = .string(issued.code.nonce) }
        let claims = try TokenClaimNames.merged(own, try await claims(of: issued.code.scopes, for: issued.entity))
        return .bare([
            "token_type": "Bearer", "access_token": .string(issued.accessToken), "expires_in": .int(client.accessTokenTTL),
            "id_token": .string(try sign(claims, with: key)),
            "scope": .string(([Scope.openID] + issued.code.scopes).joined(separator: " ")),
        ])
    }

    /// Returns the claims of scopes for an entity.
    ///
    /// - Throws: ``ProviderError`` if two scopes have the same claim.
    func claims(of names: [String], for entity: ResolvedEntity) async throws -> [JSONObject] {
        var (all, seen) = ([JSONObject](), Set<String>())
        for name in names {
            guard let scope = try await scopes.find(name)?.value else { continue }
            guard seen.isDisjoint(with: scope.template.names) else {
                throw ProviderError("invalid_scope", "two of the scopes have the same claim")
            }
            seen.formUnion(scope.template.names)
            all.append(try scope.template.claims(of: entity, at: time.now(), bytesMax: TokenClaimNames.bytesMax))
        }
        return all
    }

    /// Returns the left half of a hash, as `at_hash` and `c_hash` have it (OpenID Connect Core, 3.1.3.6).
    private static func leftHalf(_ text: String, _ key: NamedKey) -> String {
        let hash = key.settings.algorithm.signature.hash(of: Array(text.utf8))
        return Base64.encode(hash.prefix(hash.count / 2), as: .url)
    }

    // MARK: userinfo

    /// The path `oidc/provider/…/userinfo`.
    var userInfoPath: EnginePath {
        EnginePath(
            "oidc/provider/{name}/userinfo", "The claims of whoever logged in (OpenID Connect Core, 5.3).",
            details: "Takes the access token as Authorization: Bearer.", fields: [Self.nameField], access: .unauthenticated
        )
        .reading("Read the claims.") { request in try await answering { try await userInfo(request) } }
        .updating("Read the claims.", changesNothing: true, takes: .bytes(max: FormBody.bytesMax)) { request in
            try await answering { try await userInfo(request) }
        }
    }

    private func userInfo(_ request: Request) async throws -> Response {
        guard let text = request.presentedToken, let name = accessTokens.name(of: text),
            let token = try await accessTokens.table.find(name)?.value, time.now().seconds < token.expiresAt,
            token.provider == request.captures["name"], let provider = try await provider(token.provider),
            let client = try await client(id: token.clientID)?.client, provider.allows(clientID: client.clientID),
            let entity = try await identity.resolve(token.entityID), !entity.isDisabled, try await isAssigned(entity, to: client)
        else { throw ProviderError.badToken }
        // A scope that was taken from the provider since then gives nothing any more.
        let scopes = token.scopes.filter { provider.scopes.contains($0) }
        return .bare(try TokenClaimNames.merged(["sub": .string(entity.id)], try await claims(of: scopes, for: entity)))
    }
}
