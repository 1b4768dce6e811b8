import EngineKit
import Identity
import Lifetimes
import Syntax

extension SystemEngine {
    /// The path by which logins are completed that need a second factor.
    var mfaPaths: [EnginePath] {
        [
            EnginePath(
                "mfa/validate", "Completes a login that needs a second factor.",
                details: "Within five minutes of the login. Wrong codes are counted for each entity and method.",
                fields: [
                    Field("mfa_request_id", .string, "The id in the requirement that the login was answered with."),
                    Field("mfa_payload", .object, "For each MFA method, by id or name, a list with its code."),
                ], access: .unauthenticated
            )
            .updating("Send codes, and get the token.") { try await completeLogin($0) }
        ]
    }

    private func completeLogin(_ request: Request) async throws -> Response {
        let id = request.fields.text("mfa_request_id")
        guard !id.isEmpty else { throw CofferError.invalid("missing request ID") }
        guard let payload = request.fields.object("mfa_payload") else { throw CofferError.invalid("missing mfa payload") }
        let codes = try MFACodes(payload: payload)
        let completed = try await logins.complete(id, codes: codes) { [mounts] id in
            mounts.router.mounts.values.first { $0.entry.uuid == id }
        }
        let store = logins.tokens
        let takeBack: @Sendable () async throws -> Void = { [auth = completed.auth] in
            guard auth.type == .service else { return }
            try await store.revokeTree(id: store.id(of: auth.clientToken))
        }
        var response = Response(.none, auth: .issued(completed.auth), warnings: completed.warnings)
        // A login that asked for a wrapped token gets no other, whoever completes it.
        if request.wrapTTL == nil, let ttl = completed.wrapTTL {
            do {
                response = try await wrapping.wrap(response, ttl: ttl, path: completed.path)
            } catch {
                try await takeBack()
                throw error
            }
        }
        response.takeBack = { [token = response.wrapInfo?.token] in
            if let token { try await store.destroyWrapping(id: store.id(of: token)) }
            try await takeBack()
        }
        return response
    }
}
