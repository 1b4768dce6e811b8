import EngineKit
import Syntax

/// A route of the dialect, with the parts of its path still encoded.
enum UserRoute: Sendable, Hashable {
    case list
    case store
    case read(String)
    case change(String)
    case delete(String)
    case search
    case tags
    case document
    case resolve
    /// A request to the engine as it is, below the user's folder.
    case own(Operation, String)

    /// What a route counts as.
    var isWrite: Bool {
        switch self {
        case .store, .change, .delete: true
        case .own(let operation, _): operation != .read
        case .list, .read, .search, .tags, .document, .resolve: false
        }
    }

    /// Returns the route of a request. Throws 404 if none has the path, and 405 if one has it with other methods.
    init(method: String, path: String) throws(UserError) {
        guard let rest = path.removingUTF8Prefix("/api/v1/") else { throw .notFound }
        let parts = rest.splitUTF8(at: "/", omittingEmpty: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("secrets", 1): self = try Self.choose(method, ["GET": .list, "POST": .store])
        case ("secrets", 2) where parts[1].isEmpty: self = try Self.choose(method, ["GET": .list, "POST": .store])
        case ("secrets", 2):
            self = try Self.choose(method, ["GET": .read(parts[1]), "PUT": .change(parts[1]), "DELETE": .delete(parts[1])])
        case ("me", 2) where parts[1] == "secrets": self = try Self.choose(method, ["GET": .search])
        case ("me", 2) where parts[1] == "tags": self = try Self.choose(method, ["GET": .tags])
        case ("resolve", 1): self = try Self.choose(method, ["POST": .resolve])
        case ("me", 2) where parts[1] == "access" || parts[1] == "trash":
            self = try Self.choose(method, ["GET": .own(.read, parts[1])])
        case ("me", 2) where parts[1] == "bulk": self = try Self.choose(method, ["POST": .own(.update, "bulk")])
        case ("me", 3) where parts[1] == "secrets":
            self = try Self.choose(method, ["GET": .own(.read, try Self.secret(parts))])
        case ("me", 3) where parts[1] == "trash":
            self = try Self.choose(method, ["DELETE": .own(.delete, try Self.secret(parts))])
        case ("me", 4) where parts[1] == "secrets" && (parts[3] == "versions" || parts[3] == "access"):
            self = try Self.choose(method, ["GET": .own(.read, try Self.secret(parts) + "/" + parts[3])])
        case ("me", 4) where parts[3] == "restore" && (parts[1] == "secrets" || parts[1] == "trash"):
            self = try Self.choose(method, ["POST": .own(.update, try Self.secret(parts) + "/restore")])
        case ("openapi.json", 1): self = try Self.choose(method, ["GET": .document])
        default: throw .notFound
        }
    }

    /// Returns the path of a secret or of one in the trash, whose id must be a UUID.
    private static func secret(_ parts: [String]) throws(UserError) -> String {
        guard UserExchange.isUUID(parts[2]) else { throw .noSecret }
        return parts[1] + "/" + parts[2]
    }

    private static func choose(_ method: String, _ routes: [String: UserRoute]) throws(UserError) -> UserRoute {
        guard let route = routes[method] else { throw .notAllowed(routes.keys.sorted().joined(separator: ", ")) }
        return route
    }
}
