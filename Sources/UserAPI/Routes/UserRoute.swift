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

    /// What a route counts as.
    var isWrite: Bool {
        switch self {
        case .store, .change, .delete: true
        case .list, .read, .search, .tags, .document: false
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
        case ("openapi.json", 1): self = try Self.choose(method, ["GET": .document])
        default: throw .notFound
        }
    }

    private static func choose(_ method: String, _ routes: [String: UserRoute]) throws(UserError) -> UserRoute {
        guard let route = routes[method] else { throw .notAllowed(routes.keys.sorted().joined(separator: ", ")) }
        return route
    }
}
