import EngineKit
import HTTPShell
import Syntax

/// `/api/v1/secrets`.
extension UserExchange {
    /// More than a user can have, because the protocol has no pages.
    private static let all = "20000"

    func run(_ route: UserRoute) async throws(UserError) -> ShellResponse {
        try await takeFromLimit(route)
        switch route {
        case .list: return try await list()
        case .store: return try await store()
        case .read(let wire): return try await read(wire)
        case .change(let wire): return try await change(wire)
        case .delete(let wire): return try await delete(wire)
        case .search: return try await search()
        case .tags: return answer(200, .object(try await ask(.read, own + "tags")))
        case .own(let operation, let path): return try await pass(operation, path)
        case .document, .resolve: throw .notFound
        }
    }

    private func list() async throws(UserError) -> ShellResponse {
        let filters = try await reading { () throws(UserError) in
            let query = try UserQuery(request.query)
            var filters = query.picked(["provider", "secret_type"])
            if let isActive = try query.bool("is_active") { filters.append(("is_active", isActive ? "true" : "false")) }
            return filters
        }
        let found = try await ask(.read, own + "secrets", query: filters + [("limit", Self.all)])
        let secrets = found["secrets"]?.arrayValue?.compactMap(\.objectValue) ?? []
        return answer(200, .array(secrets.map { SecretShape($0).shown() }))
    }

    private func store() async throws(UserError) -> ShellResponse {
        let new = try await reading { () throws(UserError) in try SecretBody.new(request.body) }
        return answer(201, SecretShape(try await ask(.update, own + "secrets", body: new)).shown())
    }

    private func read(_ wire: String) async throws(UserError) -> ShellResponse {
        let isRevealed = try await reading { () throws(UserError) in try UserQuery(request.query).bool("decrypt") ?? false }
        let path = own + "secrets/" + (try await id(wire))
        let secret = SecretShape(try await ask(.read, path))
        guard isRevealed else { return answer(200, secret.shown()) }
        try await takeFromReveals()
        let revealed = try await ask(.update, path + "/reveal", body: [:])
        return answer(200, secret.shown(value: revealed["value"] ?? .null))
    }

    private func change(_ wire: String) async throws(UserError) -> ShellResponse {
        let change = try await reading { () throws(UserError) in try SecretBody.change(request.body) }
        let path = own + "secrets/" + (try await id(wire))
        return answer(200, SecretShape(try await ask(.update, path, body: change)).shown())
    }

    private func delete(_ wire: String) async throws(UserError) -> ShellResponse {
        let path = own + "secrets/" + (try await id(wire))
        _ = try await ask(.delete, path)
        return ShellResponse(status: 204)
    }

    /// `/api/v1/me/secrets`: what the engine answers, in pages.
    private func search() async throws(UserError) -> ShellResponse {
        let query = try await reading { () throws(UserError) in
            let query = try UserQuery(request.query)
            var picked = query.picked([
                "search", "provider", "secret_type", "tag", "status", "expires_before", "after", "limit",
            ])
            if let isActive = try query.bool("is_active") { picked.append(("is_active", isActive ? "true" : "false")) }
            if query.text("limit") == nil { picked.append(("limit", "50")) }
            return picked
        }
        return answer(200, .object(try await ask(.read, own + "secrets", query: query)))
    }

    /// Passes a request of `/api/v1/me` on to the engine, which reads its fields.
    private func pass(_ operation: Operation, _ path: String) async throws(UserError) -> ShellResponse {
        let (query, body) = try await reading { () throws(UserError) in
            let query = try UserQuery(request.query).picked(["action", "outcome", "since", "after", "limit"])
            guard operation == .update else { return (operation == .read ? query : [], JSONObject?.none) }
            guard let body = (try? JSON(parsing: request.body))?.objectValue else {
                throw UserError(422, "the body must be a JSON object without repeated keys")
            }
            return ([], body)
        }
        let found = try await ask(operation, own + path, query: query, body: body)
        return operation == .delete ? ShellResponse(status: 204) : answer(200, .object(found))
    }

    private func answer(_ status: Int, _ body: JSON) -> ShellResponse { ShellResponse(status: status, body: body.encoded()) }
}
