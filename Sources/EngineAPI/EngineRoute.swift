import EngineKit

/// What a call asks for, determined by its method and path.
enum EngineRoute: Sendable {
    case storeToken, getToken, status
    /// A person's browser starts a connection (`start`) or returns from a provider (`callback`).
    case browser(String)
    case projectStore, serviceStore
    case projectToken(project: String, platform: String)
    case deleteToken(project: String, platform: String)
    case deleteProject(String)
    case projectTokens(String)
    case projects

    init(_ method: String, _ segments: [String]) throws(EngineRefusal) {
        let rest = segments.dropFirst()
        switch (segments.first, rest.count) {
        case ("store_token", 0): self = try Self.only(["POST"], method, route: .storeToken)
        case ("get_token", 0): self = try Self.only(["POST"], method, route: .getToken)
        case ("status", 0): self = try Self.only(["GET", "POST"], method, route: .status)
        case ("oauth", 1) where rest.last == "start" || rest.last == "callback":
            self = try Self.only(["GET"], method, route: .browser(segments[1]))
        case ("vault", 1...3): self = try Self.vault(method, segments[1], names: Array(rest.dropFirst()))
        default: throw .unknownRoute
        }
    }

    private static func only(_ methods: [String], _ method: String, route: EngineRoute) throws(EngineRefusal) -> EngineRoute {
        guard methods.contains(method) else { throw .badMethod }
        return route
    }

    private static func vault(_ method: String, _ noun: String, names: [String]) throws(EngineRefusal) -> EngineRoute {
        switch (method, noun, names.count) {
        case ("POST", "store", 0): return .projectStore
        case ("POST", "token", 0): return .serviceStore
        case ("GET", "token", 2): return .projectToken(project: names[0], platform: names[1])
        case ("DELETE", "delete", 2), ("DELETE", "token", 2): return .deleteToken(project: names[0], platform: names[1])
        case ("DELETE", "projects", 1), ("DELETE", "tokens", 1): return .deleteProject(names[0])
        case ("GET", "tokens", 1): return .projectTokens(names[0])
        case ("GET", "projects", 0): return .projects
        case (_, "store", 0), (_, "token", 0), (_, "token", 2), (_, "delete", 2), (_, "projects", 0...1), (_, "tokens", 1):
            throw .badMethod
        default: throw .unknownRoute
        }
    }

    /// Whether the members may be in the query. Credentials are never read from a query, and neither are calls whose
    /// members include a secret.
    var takesQueryForBody: Bool {
        switch self {
        case .getToken, .status: true
        default: false
        }
    }

    /// A request that needs the same permission but names something that cannot exist, so it changes nothing. It shows
    /// whether the caller of a malformed call is authorized, before the caller is told what is wrong.
    var probe: (operation: Operation, path: String)? {
        switch self {
        case .storeToken, .projectStore, .serviceStore: (.update, "tokens/user:-/-/-")
        case .getToken, .projectToken: (.read, "tokens/user:-/-/-")
        case .deleteToken: (.delete, "tokens/user:-/-/-")
        case .status, .projectTokens: (.read, "status/-")
        case .deleteProject, .projects: (.delete, "owners/-")
        case .browser: nil
        }
    }
}
