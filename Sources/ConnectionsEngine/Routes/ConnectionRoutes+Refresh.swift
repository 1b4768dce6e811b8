import EngineKit
import Outbound
import Syntax

extension ConnectionRoutes {
    var refresh: EnginePath {
        EnginePath(
            "tokens/{owner}/{environment}/{platform}/refresh", "Refresh a token now.",
            details: """
                It does not wait for the time after a failure. With `retry_in_doubt` a refresh token is tried again although an \
                interrupted refresh may have used it up; a provider that watches for that may then end the grant.
                """,
            fields: Self.names + [Field("retry_in_doubt", .bool, default: false, "Try a refresh token that may be used up.")],
            endpoints: [
                .update: .init("Refresh.") { request in
                    let id = try id(request, tail: "/refresh")
                    guard let loaded = try await store.load(id) else { throw ConnectionFailure.notConnected(id.platform) }
                    var order = Refresher.Order(
                        id: id, seen: loaded.grant.generation, actor: request.actor, requestID: request.id)
                    order.isManual = true
                    order.retriesInDoubt = request.fields.bool("retry_in_doubt") ?? false
                    return .data(described(try await refresher.refresh(order).get(), id))
                }
            ])
    }

    var verify: EnginePath {
        EnginePath(
            "tokens/{owner}/{environment}/{platform}/verify", "Ask the provider whether a token works.", fields: Self.names,
            endpoints: [
                .update: .init("Test the connection.") { request in
                    let id = try id(request, tail: "/verify")
                    guard let loaded = try await store.load(id) else { throw ConnectionFailure.notConnected(id.platform) }
                    let verifier = PlatformVerifier(catalog: environment.catalog, outbound: environment.outbound)
                    return .data(try await verifier.verify(loaded.grant.accessToken, on: id.platform).shown)
                }
            ])
    }

    /// Directories of an owner's connections.
    var connections: EnginePath {
        EnginePath(
            "tokens/{owner}", "An owner's connections.", fields: [Self.names[0]] + Paging.fields,
            endpoints: [
                .list: .init("List environment/platform of each.", changesNothing: true) { request in
                    let owner = try Owner(request.captures["owner"])
                    let paging = Paging(request.fields)
                    let found = try await store.connections(of: owner, after: paging.after, limit: paging.limit)
                    return try .keys(found.map { "\($0.environment)/\($0.platform)" })
                }
            ])
    }
}
