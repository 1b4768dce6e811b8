import EngineKit
import Identity
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

    /// Creates the token that an auth method granted, or says which second factor the login needs.
    func issueToken(_ grant: AuthGrant, _ codes: MFACodes?, answering response: inout Response) async throws {
        guard let mount else { return }
        // Never the grant itself, whatever happens below.
        response.auth = nil
        let tokens = services.tokens
        if isForOneRequest { return try await admit(grant, mount: mount, answering: &response) }
        let outcome = try await services.logins.issue(
            grant, mount: mount, path: path.text, codes: codes, wrapTTL: incoming.wrapTTL)
        switch outcome {
        case .issued(let auth, let warnings):
            if auth.type == .service { rollbacks.append { try await tokens.revokeTree(id: tokens.id(of: auth.clientToken)) } }
            // A concurrent disable of the method revoked the tokens that it saw, which may not include this one.
            guard services.mounts.holds(mount) else { throw CofferError.denied }
            response.auth = .issued(auth)
            response.warnings += warnings
        case .lacking(let requirement):
            // Nothing that the method had to say is for a caller that is not logged in yet.
            response = Response(.none, auth: .lacking(requirement), warnings: [Self.lackingFactor])
        }
    }

    /// Returns the codes of second factors that the headers of the request have, or nil without any.
    func sentCodes() throws(CofferError) -> MFACodes? {
        try MFACodes(headers: incoming.headers.lazy.filter { $0.name.equalsUTF8("x-vault-mfa") }.map(\.value))
    }

    private static let lackingFactor =
        "This login needs a second factor and is not complete. Send a code for each constraint to sys/mfa/validate within five minutes."

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
