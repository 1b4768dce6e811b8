import EngineKit
import Lifetimes
import Syntax

extension SystemEngine {
    private static let wrappingField = Field("token", .string, "The wrapping token; the calling token when left out.")

    var wrappingPaths: [EnginePath] {
        [
            EnginePath(
                "wrapping/wrap", "Wraps data.", details: "Send it with X-Vault-Wrap-TTL.", isOpen: true,
                endpoints: [
                    .update: .init("Put the body under a wrapping token.") { request in
                        guard request.wrapTTL != nil else {
                            throw CofferError.invalid("endpoint requires response wrapping to be used")
                        }
                        return .data(request.body)
                    }
                ]),
            EnginePath(
                "wrapping/lookup", "Looks up a wrapping token.", details: "It stays as it is.", fields: [Self.wrappingField],
                access: .unauthenticated,
                endpoints: [
                    .read: .init("The properties of a wrapping token.", changesNothing: true) { try await lookUpWrapping($0) },
                    .update: .init("The properties of a wrapping token.", changesNothing: true) { try await lookUpWrapping($0) },
                ]),
            EnginePath(
                "wrapping/unwrap", "Returns the answer that a wrapping token refers to.", fields: [Self.wrappingField],
                endpoints: [.update: .init("The answer, once.") { try await wrapping.unwrap(id: try await wrappingID($0)) }]),
            EnginePath(
                "wrapping/rewrap", "Exchanges a wrapping token for a new one.", fields: [Self.wrappingField],
                endpoints: [
                    .update: .init("A new token of the same life for the same answer.") { request in
                        var response = Response(.none)
                        let info = try await wrapping.rewrap(
                            id: try await wrappingID(request), until: request.narrowing?.endsAt)
                        response.wrapInfo = info
                        response.takeBack = { [tokens = wrapping.tokens] in
                            try await tokens.destroyWrapping(id: tokens.id(of: info.token))
                        }
                        return response
                    }
                ]),
        ]
    }

    /// Of the token that the request names, else of the calling one.
    private func wrappingID(_ request: Request) async throws -> String? {
        guard let token = request.fields.string("token"), !token.isEmpty else { return request.caller?.tokenID }
        return TokenFormat.isPlausible(token) ? try await wrapping.tokens.knownID(of: token) : nil
    }

    private func lookUpWrapping(_ request: Request) async throws -> Response {
        let entry = try await wrapping.lookUp(id: try await wrappingID(request))
        return .data([
            "creation_path": .string(entry.path), "creation_time": .string(entry.createdAt.description),
            "creation_ttl": .int(entry.creationTTL),
        ])
    }
}
