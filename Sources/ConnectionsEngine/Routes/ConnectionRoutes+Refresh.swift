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
            "tokens/{owner}", "An owner's connections.", fields: [Self.names[0]],
            endpoints: [
                .list: .init("List environment/platform of each.", changesNothing: true) { request in
                    let owner = try Owner(request.captures["owner"])
                    let found = try await store.connections(of: owner, limit: StorageLimits.pageMax)
                    return try .keys(found.map { "\($0.environment)/\($0.platform)" })
                }
            ])
    }

    // MARK: Deleting

    static let revocationAttemptsMax = 3

    func delete(_ request: Request) async throws -> Response {
        let id = try id(request)
        guard let outcome = try await destroy(id) else { throw ConnectionFailure.notConnected(id.platform) }
        counters.count(.deleted, id.platform, at: time.now())
        event(.info, .deleted, "connection deleted", id, request, outcome.rawValue)
        return .data([
            "deleted": true, "owner": .string(id.owner.description), "environment": .string(id.environment),
            "platform": .string(id.platform), "revocation": .string(outcome.rawValue),
        ])
    }

    enum Revocation: String, Sendable {
        case revoked, failed
        /// The provider has no way to revoke.
        case unsupported
    }

    /// Revokes and destroys; nil when there is none. What the provider says does not keep it from being destroyed.
    func destroy(_ id: ConnectionID) async throws -> Revocation? {
        var outcome: Revocation?
        for _ in 0..<16 {
            guard let owner = try await store.owner(id.owner), let loaded = try await store.load(id, owner) else { return outcome }
            if outcome == nil { outcome = await revoke(loaded.grant, id) }
            var batch = Batch()
            store.delete(loaded, into: &batch)
            if try await store.storage.commitIfUnchanged(batch) { return outcome }
        }
        throw CofferError(.conflict, "the connection is changing too often; retry")
    }

    private func revoke(_ grant: Grant, _ id: ConnectionID) async -> Revocation {
        guard let profile = environment.catalog[id.platform], !profile.revocationURL.isEmpty, grant.kind == .oauth else {
            return .unsupported
        }
        let client = try? await refresher.clients.credentials(profile, id.environment)
        // The refresh token takes its access tokens with it; without one the access token has to do.
        var parameters = [("token", grant.refreshToken ?? grant.accessToken)]
        if grant.refreshToken != nil { parameters.append(("token_type_hint", "refresh_token")) }
        parameters += profile.revocationParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        var request = OutboundRequest(.post, profile.revocationURL, allowedHosts: profile.allowedHosts)
        request.headers = profile.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let client, profile.tokenAuthMethod == .basic {
            request.headers.append(
                ("Authorization", "Basic " + Base64Text.encode("\(FormText.encode(client.id)):\(FormText.encode(client.secret))")))
        } else if let client {
            parameters += [("client_id", client.id), ("client_secret", client.secret)]
        }
        request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        request.body = Array(parameters.map { FormText.encode($0.0) + "=" + FormText.encode($0.1) }.joined(separator: "&").utf8)
        for attempt in 0..<Self.revocationAttemptsMax {
            if attempt > 0 { await environment.pause(200 << attempt) }
            do throws(OutboundError) {
                let reply = try await environment.outbound.send(request)
                if (200...299).contains(reply.status) { return .revoked }
                // A token that is unknown to the provider needs no revoking; anything but an outage is final.
                if reply.status < 500, reply.status != 429 { return .failed }
            } catch {
                if case .refused = error { return .failed }
            }
        }
        return .failed
    }
}
