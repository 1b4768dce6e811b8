import EngineKit
import Lifetimes
import Syntax

extension SystemEngine {
    private static let wrappingField = Field("token", .string, "Wrapping token; by default the calling token.")

    /// The paths of wrapping tokens.
    var wrappingPaths: [EnginePath] {
        [
            EnginePath("wrapping/wrap", "Wraps data.", details: "Needs the header X-Vault-Wrap-TTL.", isOpen: true)
                .updating("Wrap the body.") { request in
                    guard request.wrapTTL != nil else {
                        throw CofferError.invalid("endpoint requires response wrapping to be used")
                    }
                    return .data(request.body)
                },
            EnginePath(
                "wrapping/lookup", "Looks up a wrapping token.", details: "Does not use the token.", fields: [Self.wrappingField],
                access: .unauthenticated
            )
            .reading("Look up a wrapping token.") { try await lookUpWrapping($0) }
            .updating("Look up a wrapping token.", changesNothing: true) { try await lookUpWrapping($0) },
            EnginePath("wrapping/unwrap", "Returns the answer that a wrapping token refers to.", fields: [Self.wrappingField])
                .updating("Unwrap the answer and delete the token.") { try await wrapping.unwrap(id: try await wrappingID($0)) },
            EnginePath("wrapping/rewrap", "Exchanges a wrapping token for a new one.", fields: [Self.wrappingField])
                .updating("Exchange the token for one with the same life and answer.") { request in
                    var response = Response(.none)
                    let info = try await wrapping.rewrap(
                        id: try await wrappingID(request), until: request.narrowing?.endsAt)
                    response.wrapInfo = info
                    response.takeBack = { [tokens = wrapping.tokens] in
                        try await tokens.destroyWrapping(id: tokens.id(of: info.token))
                    }
                    return response
                },
        ]
    }

    /// Returns the id of the wrapping token in the request, or of the calling token if there is none; nil if it cannot be a token.
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
