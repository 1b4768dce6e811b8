import EngineKit
import Identity
import Lifetimes
import Records

/// Logins with a second factor.
extension LoginTokens {
    /// A login that was completed.
    struct Completed: Sendable {
        var auth: IssuedAuth
        var warnings: [String]
        /// The path of the login.
        var path: String
        /// The life in seconds of the wrapping token that the login asked for; nil if it did not.
        var wrapTTL: Int?
    }

    private static let unknownRequest = CofferError.invalid("invalid request ID")

    /// Creates the token of a login that waits for its second factor.
    ///
    /// What is demanded is decided anew, since enforcements and groups may have changed; so is whether the mount exists and the
    /// entity may log in. What the auth method said about the account holds for as long as a login may wait.
    ///
    /// - Parameter mount: Returns the mount with an id, or nil if there is none any more.
    func complete(
        _ requestID: String, codes: MFACodes, mount: @Sendable (_ id: String) -> Mount?
    ) async throws -> Completed {
        guard let waiting = try await pending.find(requestID)?.login, let mounted = mount(waiting.mountID) else {
            throw Self.unknownRequest
        }
        guard let entity = try await identity.resolve(waiting.entityID), !entity.isDisabled else { throw CofferError.denied }
        var login = try NewLogin(waiting.grant, mount: mounted.entry, path: waiting.path, settings: settings)
        login.entity = entity
        let constraints = try identity.mfa.constraints(
            accessor: mounted.entry.accessor, type: mounted.entry.type, entity: entity)
        let issued = try await prove(login, constraints, codes: codes, entity: entity, completing: requestID)
        // A concurrent disable of the method revoked the tokens that it saw, which may not include this one.
        guard mount(waiting.mountID) != nil else {
            if issued.type == .service { try await tokens.revokeTree(id: tokens.id(of: issued.clientToken)) }
            throw Self.unknownRequest
        }
        return Completed(
            auth: issued, warnings: login.lifetime.warnings, path: waiting.path,
            wrapTTL: waiting.wrapTTL > 0 ? waiting.wrapTTL : nil)
    }

    /// Verifies codes and creates the token. One commit uses the codes up, removes the waiting login, and stores the token; if the
    /// codes are not enough, one commit counts that.
    func prove(
        _ login: NewLogin, _ constraints: [MFARequirement.Constraint], codes: MFACodes, entity: ResolvedEntity,
        completing requestID: String?
    ) async throws -> IssuedAuth {
        // Guesses at one entity wait for each other on this node, so that they do not keep each other from being counted.
        let outcome = try await queues.inTurn(entity.id) {
            try await storage.transact { batch -> Result<(token: String, entry: TokenEntry), CofferError> in
                var found: PendingLogins.Found?
                if let requestID {
                    found = try await pending.find(requestID)
                    guard found != nil else { throw Self.unknownRequest }
                }
                let verified = try await identity.mfa.verify(constraints, codes, entity: entity.id)
                // A refusal that changes nothing, such as that of a blocked method, costs no commit.
                if verified.refusal == nil || verified.changes.mutations.contains(where: { $0.change != .check }) {
                    for mutation in verified.changes.prefixed(Core.identityPrefix).mutations { batch.append(mutation) }
                }
                if let refusal = verified.refusal { return .failure(refusal) }
                if let found { pending.remove(found, in: &batch) }
                var records = Batch()
                let made = try prepare(login, into: &records)
                for mutation in records.prefixed(Core.tokenPrefix).mutations { batch.append(mutation) }
                return .success(made)
            }
        }
        let made = try outcome.get()
        tokens.invalidate([made.entry.id])
        var issued = made.entry.issued(token: made.token, seconds: login.lifetime.ttl, entity: entity)
        issued.satisfied = constraints
        return issued
    }
}
