import EngineKit
import Lifetimes
import Logging
import Syntax

/// Creates the lease or token that an answer grants, and wraps the answer: step 7 of the pipeline. What was created is revoked if
/// the answer is not sent.
extension Exchange {
    /// Registers the lease that the engine granted.
    func registerLease(_ grant: LeaseGrant, _ response: inout Response) async throws {
        let leases = services.leases
        let lease = try await leases.register(
            grant, mount: mount, path: path.text, token: token?.entry, until: limit?.endsAt)
        response.lease = .held(lease)
        let id = lease.id
        rollbacks.append { try await leases.revoke(id, waits: false) }
    }

    /// Creates the token that an auth method granted.
    func issueToken(_ grant: AuthGrant, _ response: inout Response) async throws {
        guard let mount else { return }
        let tokens = services.tokens
        let logins = LoginTokens(
            tokens: tokens, identity: services.identity, settings: core.settings, time: core.environment.time)
        if isForOneRequest { return try await admit(grant, mount: mount, by: logins, answering: &response) }
        let issued = try await logins.issue(grant, mount: mount, path: path.text)
        if issued.auth.type == .service {
            rollbacks.append { try await tokens.revokeTree(id: tokens.id(of: issued.auth.clientToken)) }
        }
        // A concurrent disable of the method revoked the tokens that it saw, which may not include this one.
        guard services.mounts.holds(mount) else { throw CofferError.denied }
        response.auth = .issued(issued.auth)
        response.warnings += issued.warnings
    }

    /// Replaces the response by a wrapping token for it.
    func wrap(_ response: inout Response, ttl: Int) async throws {
        response = try await services.wrapping.wrap(response, ttl: ttl, path: path.text, until: limit?.endsAt)
        guard let token = response.wrapInfo?.token else { return }
        let tokens = services.tokens
        rollbacks.append { try await tokens.destroyWrapping(id: tokens.id(of: token)) }
    }

    /// Deletes the wrapping token that a request authenticated with, unless the server failed. It is deleted even if it was used on
    /// the wrong path: its rightful user then finds out that somebody else had it.
    func deleteWrappingToken(_ token: LiveToken, after result: Result<Response, CofferError>) async {
        switch result {
        case .failure(let error): if error.isOfServer { return }
        // Unwrapping with the token itself has deleted it.
        case .success: if path.text.equalsUTF8("sys/wrapping/unwrap"), input.data["token"] == nil { return }
        }
        do {
            try await services.tokens.destroyWrapping(id: token.entry.id)
        } catch {
            core.logger.warning(
                "could not delete a used wrapping token; it stays valid until it expires",
                metadata: ["request_id": "\(incoming.id)"])
        }
    }
}
