import EngineKit
import Syntax

extension ConnectionsEngine {
    /// The fields that name a connection in a path.
    static let nameFields = [
        Field("owner", .string, "The owner of the connection: user:ID or project:ID."),
        Field("environment", .string, "The environment, such as prod."),
        Field("platform", .string, "The platform, such as slack, in upper or lower case."),
    ]

    /// `tokens/{owner}/{environment}/{platform}`: reads, stores and deletes a connection.
    var tokens: EnginePath {
        EnginePath(
            "tokens/{owner}/{environment}/{platform}", "Read, store or delete a connection's token.",
            details: """
                Reading returns a valid token. A token that is about to expire is refreshed in the background, and one that has \
                expired is refreshed while the caller waits. Writing stores tokens from a provider, or an API key.
                """,
            fields: Self.nameFields + [
                Field("scopes", .strings, "When reading, the scopes that the token must have; when writing, those that it has."),
                Field("min_ttl", .duration, "When reading, how long the token must still be valid."),
                Field("access_token", .string, "The access token."),
                Field("refresh_token", .string, "The refresh token."),
                Field("expires_in", .any, "When the access token expires, in seconds from now."),
                Field(
                    "expires_at", .any, "When the access token expires: seconds since 1970, or a time such as 2025-08-10T12:00:00Z."
                ),
                Field("api_key", .string, "An API key, instead of tokens."),
                Field("token_type", .string, "The type of the access token; Bearer by default."),
                Field("type", .string, "oauth, api_key or manual; chosen by the platform and the other fields by default."),
                Field("metadata", .stringMap, "Text to keep with the tokens, such as workspace_id."),
            ],
            // A malformed name does not exist. Only callers who may use the path learn that it is malformed.
            exists: { request in
                guard let id = try? foldedID(request) else { return false }
                return try await store.load(id) != nil
            }
        )
        // A refresh that a read causes has its own audit record, written before it begins.
        .reading("Read a valid token.", fetch)
        .creating("Store a connection.", write)
        .updating("Store a connection.", write)
        .adding(.delete, .init("Revoke the token at the provider if possible, and delete the connection.", delete))
    }

    private func fetch(_ request: Request) async throws -> Response {
        let id = try id(request)
        do {
            let grant = try await usable(id, request)
            emit(.info, .fetched, message: "token read", id: id, request: request)
            return Response(.data(.object(shown(grant))))
        } catch {
            let refusal = CofferError(wrapping: error)
            emit(
                .warn, .refused, message: "token refused", id: id, request: request, code: refusal.reason ?? refusal.code.rawValue)
            throw error
        }
    }

    /// Returns the connection's grant with a token that is valid for as long as the request asks, refreshed if necessary.
    private func usable(_ id: ConnectionID, _ request: Request) async throws -> Grant {
        guard let loaded = try await store.load(id) else {
            throw ConnectionFailure.notConnected(id.platform)
        }
        let grant = loaded.grant
        if grant.state == .revoked { throw ConnectionFailure.revoked }
        let scopes = request.fields.texts("scopes").flatMap(ScopeList.split)
        try checkScopes(grant, scopes)
        let profile = environment.catalog[id.platform] ?? .unlisted(id.platform)
        let minimum = max(request.fields.seconds("min_ttl"), Grant.usableSecondsMin)
        let left = grant.secondsLeft(at: now)
        var refresh = RefreshRequest(id: id, seenGeneration: grant.generation, actor: request.actor, requestID: request.id)
        if left >= minimum {
            if left < grant.margin(profile), grant.canRefresh(profile), grant.nextAttemptAt <= now,
                !refresher.breaker.isOpen(id.platform, at: now)
            {
                refresh.actor = Refresher.backgroundActor
                refresher.refreshInBackground(refresh)
            }
            return grant
        }
        let refreshed = try await refresher.refresh(refresh).get()
        guard refreshed.secondsLeft(at: now) >= min(minimum, refreshed.lifetime ?? .max) else {
            throw ConnectionFailure.failing("token_too_short", 1)
        }
        try checkScopes(refreshed, scopes)
        return refreshed
    }

    private func checkScopes(_ grant: Grant, _ wanted: [String]) throws(CofferError) {
        guard !wanted.isEmpty else { return }
        let held = Set(grant.scopes ?? [])
        let missing = wanted.filter { !held.contains($0) }
        guard missing.isEmpty else { throw ConnectionFailure.missingScopes(Array(missing.prefix(50))) }
    }

    /// The answer to a read: the token and its properties.
    private func shown(_ grant: Grant) -> JSONObject {
        var object: JSONObject = [
            "access_token": .string(grant.accessToken), "token_type": .string(grant.tokenType),
            "expires_at": grant.expiresAt.map { .string(UnixTime.text($0)) } ?? .null,
            "expires_in": grant.expiresAt.map { .int(max($0 - now, 0)) } ?? .null, "scopes": .strings(grant.scopes ?? []),
            "type": .string(grant.kind.rawValue),
        ]
        if grant.kind == .apiKey { object["api_key"] = .string(grant.accessToken) }
        if !grant.metadata.isEmpty { object["metadata"] = .map(grant.metadata) }
        return object
    }
}
