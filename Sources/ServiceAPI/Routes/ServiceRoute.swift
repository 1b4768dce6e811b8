import Syntax

/// A route of the dialect, with the parts of its path still encoded.
enum ServiceRoute: Sendable, Hashable {
    case listProjects
    case registerProject
    case readProject(Substring)
    case changeProject(Substring)
    case deleteProject(Substring)
    case setDefault(Substring)
    case listSecrets
    case createSecret
    case testCredentials
    case readAll(Substring)
    case readSecret(Substring)
    case rotateSecret(Substring)
    case deleteSecret(Substring)
    case versions(Substring)

    /// Returns nil if no route has the path. Throws if one has it, but not with this method.
    init?(method: String, path: String) throws(ServiceError) {
        var path = path[...]
        if path.hasUTF8Prefix("/api/projects") {
            path = path.dropFirstUTF8("/api/projects".utf8.count)
            self = try Self.projects(method, path)
        } else if path.hasUTF8Prefix("/api/secrets") {
            path = path.dropFirstUTF8("/api/secrets".utf8.count)
            self = try Self.secrets(method, path)
        } else {
            return nil
        }
    }

    private static func projects(_ method: String, _ rest: Substring) throws(ServiceError) -> ServiceRoute {
        if rest.isEmpty || rest == "/" {
            return try choose(method, ["GET": .listProjects, "POST": .registerProject])
        }
        let parts = rest.dropFirstUTF8().splitUTF8(at: "/", omittingEmpty: false)
        guard rest.hasUTF8Prefix("/"), !parts[0].isEmpty else { throw .notFound }
        switch parts.count {
        case 1:
            return try choose(
                method, ["GET": .readProject(parts[0]), "PATCH": .changeProject(parts[0]), "DELETE": .deleteProject(parts[0])])
        case 2 where parts[1] == "set-default": return try choose(method, ["PUT": .setDefault(parts[0])])
        default: throw .notFound
        }
    }

    private static func secrets(_ method: String, _ rest: Substring) throws(ServiceError) -> ServiceRoute {
        if rest.isEmpty || rest == "/" { return try choose(method, ["GET": .listSecrets, "POST": .createSecret]) }
        guard rest.hasUTF8Prefix("/") else { throw .notFound }
        let wire = rest.dropFirstUTF8()
        if wire == "test", method == "POST" { return .testCredentials }
        guard wire.containsUTF8("/") else { return try choose(method, ["GET": .readAll(wire)]) }
        let ending = "/versions"
        if wire.hasUTF8Suffix(ending), wire.dropLastUTF8(ending.utf8.count).containsUTF8("/") {
            return try choose(method, ["GET": .versions(wire.dropLastUTF8(ending.utf8.count))])
        }
        if method == "GET" { return .readSecret(wire) }
        return try choose(method, ["GET": .readSecret(wire), "PATCH": .rotateSecret(wire), "DELETE": .deleteSecret(wire)])
    }

    private static func choose(_ method: String, _ routes: [String: ServiceRoute]) throws(ServiceError) -> ServiceRoute {
        guard let route = routes[method] else { throw .notAllowed(routes.keys.sorted().joined(separator: ", ")) }
        return route
    }
}
