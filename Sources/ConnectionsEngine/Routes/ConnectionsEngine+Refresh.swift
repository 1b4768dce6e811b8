import EngineKit
import Outbound
import Syntax

extension ConnectionsEngine {
    /// `tokens/{owner}/{environment}/{platform}/refresh`: refreshes a token at once.
    var refresh: EnginePath {
        EnginePath(
            "tokens/{owner}/{environment}/{platform}/refresh", "Refresh a token now.",
            details: """
                The refresh is tried even if an earlier one failed a moment ago. With `retry_in_doubt` a refresh token is sent \
                again although an interrupted refresh may have spent it; some providers then revoke the whole grant.
                """,
            fields: Self.nameFields + [
                Field("retry_in_doubt", .bool, default: false, "Send a refresh token that may already be spent.")
            ]
        )
        .updating("Refresh the token.") { request in
            let id = try id(request, tail: "/refresh")
            guard let loaded = try await store.load(id) else { throw ConnectionFailure.notConnected(id.platform) }
            var refresh = RefreshRequest(
                id: id, seenGeneration: loaded.grant.generation, actor: request.actor, requestID: request.id)
            refresh.isManual = true
            refresh.retriesInDoubt = request.fields.flag("retry_in_doubt")
            return .data(described(try await refresher.refresh(refresh).get(), id))
        }
    }

    /// `tokens/{owner}/{environment}/{platform}/verify`: asks the platform whether the token works.
    var verify: EnginePath {
        EnginePath(
            "tokens/{owner}/{environment}/{platform}/verify", "Ask the provider whether a token works.", fields: Self.nameFields
        )
        .updating("Test the connection.") { request in
            let id = try id(request, tail: "/verify")
            guard let loaded = try await store.load(id) else { throw ConnectionFailure.notConnected(id.platform) }
            let verifier = PlatformVerifier(catalog: environment.catalog, outbound: environment.outbound)
            return .data(await verifier.verify(loaded.grant.accessToken, on: id.platform).shown)
        }
    }

    /// `tokens/{owner}`: lists an owner's connections.
    var connections: EnginePath {
        EnginePath("tokens/{owner}", "List an owner's connections.", fields: [Self.nameFields[0]] + Paging.fields)
            .listing("List the connections as environment/platform.") { request in
                let owner = try Owner(request.captures["owner"])
                let paging = Paging(request.fields)
                let found = try await store.connections(of: owner, after: paging.after, limit: paging.limit)
                return try .keys(found.map { "\($0.environment)/\($0.platform)" })
            }
    }
}
