import EngineKit
import Lifetimes
import Syntax

/// The engine at `cubbyhole/`, which stores secrets for each token. A token sees only its own.
struct CubbyholeEngine: SecretsEngine {
    let tokens: TokenStore
    let wrapping: ResponseWrapping

    var paths: [EnginePath] {
        [
            EnginePath(
                "{path...}", "Reads, writes, lists and deletes the calling token's own secrets.",
                details: "They are deleted with the token. No other token can read them, not even root tokens.",
                fields: Paging.fields, isOpen: true, exists: { try await stored($0) != nil }
            )
            .reading("Read a secret.", changesNothing: false) { try await read($0) }
            .listing("List secrets.") { try await list($0) }
            .updatingWithoutAnswer("Write a secret.") { try await write($0) }
            .deleting("Delete a secret.") { try await tokens.cubbyhole(of: try owner($0), delete: try name($0)) }
        ]
    }

    private func owner(_ request: Request) throws(CofferError) -> String {
        guard let caller = request.caller else { throw .denied }
        guard !caller.tokenID.isEmpty else { throw .invalid("cubbyhole operations are only supported by service tokens") }
        return caller.tokenID
    }

    private func name(_ request: Request) throws(CofferError) -> String {
        let name = request.captures["path"]
        guard !name.isEmpty else { throw .invalid("missing path: name a secret below the mount") }
        return name
    }

    private func stored(_ request: Request) async throws -> [UInt8]? {
        try await tokens.cubbyhole(of: try owner(request), read: try name(request))
    }

    private func read(_ request: Request) async throws -> Response {
        // The caller's id, not the token that it presented, decides whether it is a wrapping token.
        let owner = try owner(request)
        if try await tokens.wrapping(id: owner) != nil {
            // Early clients unwrap by reading `cubbyhole/response`, the only name that the token's policy allows.
            return .data(["response": .string(try await wrapping.unwrapText(id: owner))])
        }
        guard let bytes = try await stored(request) else { throw CofferError.notFound }
        return Response(.data(.raw(bytes)))
    }

    private func list(_ request: Request) async throws -> Response {
        let folder = request.captures["path"]
        let paging = Paging(request.fields)
        let names = try await tokens.cubbyhole(
            of: try owner(request), list: folder.isEmpty ? "" : folder + "/", after: paging.after, limit: paging.limit)
        return try .keys(names)
    }

    private func write(_ request: Request) async throws {
        guard !request.body.isEmpty else { throw CofferError.invalid("missing data fields") }
        guard try await tokens.cubbyhole(of: try owner(request), write: try name(request), request.body.encoded()) else {
            throw CofferError.denied
        }
    }
}
