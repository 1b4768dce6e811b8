import EngineKit
import Outbound
import Records
import Syntax

/// Who causes a change: named in events and audit records.
struct Author: Sendable {
    /// An engine's name, a token's display name, or the name of a background job.
    var name: String
    /// The id of the request, or a fresh one for a background job.
    var requestID: String
}

extension Author {
    /// The caller of a request.
    init(_ request: Request) { self.init(name: request.actor, requestID: request.id) }
}

extension ConnectionsEngine {
    /// How often a provider is asked to revoke a token.
    static let revocationAttemptsMax = 3
    /// So often a deletion asks the provider when the token is replaced meanwhile.
    private static let destructionRoundsMax = 4

    /// What became of a token at its provider when its connection was deleted.
    enum Revocation: String, Sendable {
        case revoked, failed
        /// The platform has no revocation endpoint, or the connection has no OAuth token.
        case unsupported
    }

    /// Handles `DELETE tokens/{owner}/{environment}/{platform}`.
    func delete(_ request: Request) async throws -> Response {
        let id = try id(request)
        guard let outcome = try await destroy(id, by: Author(request)) else { throw ConnectionFailure.notConnected(id.platform) }
        return .data([
            "deleted": true, "owner": .string(id.owner.description), "environment": .string(id.environment),
            "platform": .string(id.platform), "revocation": .string(outcome.rawValue),
        ])
    }

    /// Revokes a connection's token at the provider and deletes the connection. Returns nil if there is none. The connection is
    /// deleted even if the provider cannot be reached.
    ///
    /// The provider is asked between two readings of the store, never within a change, because a change is decided again after a
    /// conflict. A token that was stored in between is revoked too, unless that happens again and again.
    func destroy(_ id: ConnectionID, by author: Author) async throws -> Revocation? {
        var revoked: (version: UInt64, outcome: Revocation)?
        var round = 1
        while true {
            let isLast = round >= Self.destructionRoundsMax
            switch try await remove(id, known: revoked?.version, evenIfUnknown: isLast) {
            case .absent: return nil
            case .unknown(let loaded):
                revoked = (loaded.version, await revoke(loaded.grant, id))
                round += 1
            case .removed(let version):
                // A token that was stored after the provider was asked for the last time is not revoked.
                let outcome = revoked.flatMap { $0.version == version ? $0.outcome : nil } ?? .failed
                report(outcome, of: id, by: author)
                return outcome
            }
        }
    }

    private enum Removal {
        case absent
        /// The provider has not been told of it yet.
        case unknown(ConnectionStore.Loaded)
        /// The version of the connection that was removed, or nil if it could not be decrypted.
        case removed(version: UInt64?)
    }

    /// Removes a connection whose token is the known one.
    private func remove(_ id: ConnectionID, known version: UInt64?, evenIfUnknown: Bool) async throws -> Removal {
        try await store.storage.transact { batch in
            do throws(StorageError) {
                guard let owner = try await store.owner(id.owner), let loaded = try await store.load(id, owner: owner) else {
                    return .absent
                }
                guard loaded.version == version || evenIfUnknown else { return .unknown(loaded) }
                store.delete(loaded, into: &batch)
                return .removed(version: loaded.version)
            } catch {
                // A connection that cannot be decrypted can still be deleted. Its index entry is deleted when it is due.
                guard case .corrupted = error else { throw error }
                for key in [ConnectionStore.Key.token(id), ConnectionStore.Key.flight(id), ConnectionStore.Key.broken(id)] {
                    batch.delete(key)
                }
                return .removed(version: nil)
            }
        }
    }

    private func report(_ done: Revocation, of id: ConnectionID, by author: Author) {
        counters.count(.deleted, id.platform, at: time.now())
        environment.events.emit(
            ConnectionEvent(
                level: .info, name: .deleted, message: "connection deleted", engine: author.name, owner: id.owner.description,
                environment: id.environment, platform: id.platform, requestID: author.requestID, code: done.rawValue,
                at: time.now()))
    }

    // MARK: Revoking

    /// Asks the provider to revoke the grant's token, up to three times if the provider has an outage.
    private func revoke(_ grant: Grant, _ id: ConnectionID) async -> Revocation {
        guard let profile = environment.catalog[id.platform], !profile.revocationURL.isEmpty, grant.kind == .oauth else {
            return .unsupported
        }
        let client = try? await refresher.clients.credentials(profile, id.environment)
        let request = revocationRequest(for: grant, profile: profile, client: client)
        for attempt in 0..<Self.revocationAttemptsMax {
            if attempt > 0 { await environment.pause(200 << attempt) }
            do throws(OutboundError) {
                let reply = try await environment.outbound.send(request)
                if (200...299).contains(reply.status) {
                    // Some providers report failure in the body of a 200.
                    return (try? JSON(parsing: reply.body))?["ok"] == .bool(false) ? .failed : .revoked
                }
                // Any answer that is not an outage is final.
                if reply.status < 500, reply.status != 429 { return .failed }
            } catch {
                if case .refused = error { return .failed }
            }
        }
        return .failed
    }

    /// Returns the revocation request (RFC 7009, section 2.1). Revoking the refresh token also ends its access tokens; if there
    /// is none, the access token is revoked.
    private func revocationRequest(
        for grant: Grant, profile: PlatformProfile, client: ClientCredentials?
    ) -> OutboundRequest {
        let refresh = profile.revokedToken == .refresh ? grant.refreshToken : nil
        var parameters = [("token", refresh ?? grant.accessToken)]
        if refresh != nil { parameters.append(("token_type_hint", "refresh_token")) }
        parameters += profile.revocationParams.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        var request = OutboundRequest(.post, profile.revocationURL, allowedHosts: profile.allowedHosts)
        request.headers = profile.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let client, profile.tokenAuthMethod == .basic {
            request.headers.append(
                (
                    "Authorization",
                    "Basic "
                        + Base64.encode(
                            "\(PercentEncoding.component(client.id)):\(PercentEncoding.component(client.secret))".utf8)
                ))
        } else if let client {
            parameters += [("client_id", client.id), ("client_secret", client.secret)]
        }
        request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        request.body = Array(PercentEncoding.form(parameters).utf8)
        return request
    }
}
