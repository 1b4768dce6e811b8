import Core
import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax

/// `/api/v1/resolve`: a service asks for the values that a user's workflow needs. The service's own policy decides for which users,
/// and with `allowed_parameters` for which providers and types.
extension UserDialect {
    /// The most secrets that one call may ask for.
    static let itemsMax = 100
    private static let names = ["provider", "secret_type", "label", "workflow_id", "node_id", "execution_id"]

    func resolve(_ request: ShellRequest) async throws(UserError) -> ShellResponse {
        guard case .token(let token) = try UserCaller(request.headers, settings: settings) else { throw .noService }
        try await checkToken(token, request)
        guard let body = (try? JSON(parsing: request.body))?.objectValue else {
            throw UserError(422, "the body must be a JSON object without repeated keys")
        }
        guard let items = body["items"] else {
            return ShellResponse(status: 200, body: try await resolved(body, request, token: token).encoded())
        }
        guard let objects = items.arrayValue?.compactMap(\.objectValue), objects.count == items.arrayValue?.count,
            (1...Self.itemsMax).contains(objects.count)
        else { throw .invalid("items", "must be a list of 1 to \(Self.itemsMax) objects") }
        var results: [JSON] = []
        for object in objects {
            do throws(UserError) {
                results.append(.object(try await resolved(object, request, token: token)))
            } catch {
                // Each item has an answer of its own, unless the server could not answer at all.
                guard error.status < 500, error.status != 429 else { throw error }
                results.append(.object(error.members))
            }
        }
        return ShellResponse(status: 200, body: JSON.object(["results": .array(results)]).encoded())
    }

    /// Throws unless the token is known.
    func checkToken(_ token: String, _ request: ShellRequest) async throws(UserError) {
        let isKnown: Bool
        do throws(CofferError) {
            isKnown = try await pipeline.knows(token: token, from: request.connection)
        } catch {
            throw UserError(error)
        }
        guard isKnown else { throw .unauthenticated }
    }

    private func resolved(_ item: JSONObject, _ request: ShellRequest, token: String) async throws(UserError) -> JSONObject {
        guard let user = item["user_id"]?.stringValue.flatMap(UserName.init) else {
            throw .invalid("user_id", "must be the id of a user")
        }
        var fields = JSONObject()
        for name in ["secret_id"] + Self.names {
            guard let value = item[name], !value.isNull else { continue }
            guard value.stringValue != nil else { throw .invalid(name, "must be a text") }
            fields[name == "secret_id" ? "id" : name] = value
        }
        let answer = await pipeline.handle(
            CoreRequest(
                id: request.id, operation: .update, path: settings.mount + user.segment + "/resolve", body: fields.encoded(),
                credentials: .token(token), connection: request.connection, headers: request.agent))
        switch answer.outcome {
        case .success(let response): return response.object
        case .failure(let error):
            var refusal = UserError(error)
            if error.code == .notFound { refusal = UserError(404, "the user has no such secret") }
            refusal.code = error.reason ?? (error.code == .notFound ? "not_found" : nil)
            throw refusal
        }
    }
}

extension ShellRequest {
    /// The header that names the client's program, for the access log.
    var agent: [(name: String, value: String)] { headers["user-agent"].prefix(1).map { ("user-agent", $0) } }
}
