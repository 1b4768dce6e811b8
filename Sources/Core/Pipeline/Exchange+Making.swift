import EngineKit
import Lifetimes

/// Step 7: what an answer brings with it is made, and taken back when the answer does not leave.
extension Exchange {
    func registerLease(_ grant: LeaseGrant, _ response: inout Response) async throws {
        let leases = services.leases
        let lease = try await leases.register(
            grant, mount: mount, path: path.text, token: token?.entry, until: limit?.endsAt)
        response.lease = .held(lease)
        let id = lease.id
        undoing.append { try await leases.revoke(id, waits: false) }
    }

    func issueToken(_ grant: AuthGrant, _ response: inout Response) async throws {
        guard let mount else { return }
        let tokens = services.tokens
        let issued = try await LoginTokens(
            tokens: tokens, identity: services.identity, settings: core.settings, time: core.environment.time
        )
        .issue(grant, mount: mount, path: path.text)
        if issued.auth.type == .service {
            undoing.append { try await tokens.revokeTree(id: tokens.id(of: issued.auth.clientToken)) }
        }
        // Disabling the method has revoked the tokens that it saw.
        guard services.mounts.holds(mount) else { throw CofferError.denied }
        response.auth = .issued(issued.auth)
        response.warnings += issued.warnings
    }

    func wrap(_ response: inout Response, ttl: Int) async throws {
        response = try await services.wrapping.wrap(response, ttl: ttl, path: path.text, until: limit?.endsAt)
        guard let token = response.wrapInfo?.token else { return }
        let tokens = services.tokens
        undoing.append { try await tokens.destroyWrapping(id: tokens.id(of: token)) }
    }
}
