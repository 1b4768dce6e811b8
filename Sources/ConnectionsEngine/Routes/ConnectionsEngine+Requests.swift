import EngineKit
import Syntax

/// What the routes share.
extension ConnectionsEngine {
    /// The current time in seconds since 1970.
    var now: Int { time.now().seconds }

    /// Returns the profile of a platform, or throws ``ConnectionFailure/unknownPlatform(_:)``.
    func profile(_ name: String) throws(CofferError) -> PlatformProfile {
        guard let profile = environment.catalog[name] else { throw ConnectionFailure.unknownPlatform(name) }
        return profile
    }

    // MARK: Names

    /// Returns the connection that the request's path names. Platforms and environments are stored in lower case; a caller that
    /// writes them in another case must be allowed the lower-case path too.
    ///
    /// - Parameter tail: The rest of the path after the connection, such as `/refresh`.
    func id(_ request: Request, tail: String = "") throws(CofferError) -> ConnectionID {
        let id = try foldedID(request)
        if id.environment != request.captures["environment"] || id.platform != request.captures["platform"] {
            guard request.mayAlso(request.operation, "tokens/\(id)\(tail)") else { throw CofferError.denied }
        }
        return id
    }

    /// Returns the connection that the path names, without checking the right to its lower-case path. Only for finding out
    /// whether the connection exists.
    func foldedID(_ request: Request) throws(CofferError) -> ConnectionID {
        let owner = try Owner(request.captures["owner"])
        guard let environment = Slug.folded(request.captures["environment"]) else { throw Self.badEnvironment }
        guard let platform = Slug.folded(request.captures["platform"]) else { throw Self.badPlatform }
        return ConnectionID(owner: owner, environment: environment, platform: platform)
    }

    static let badEnvironment = CofferError.invalid(
        "an environment must be a word of letters, digits, '_' and '-', such as prod, staging or dev")
    static let badPlatform = CofferError.invalid("a platform must be a word of letters, digits, '_' and '-', such as slack")

    /// Sends an event about a connection to the monitoring service.
    func emit(
        _ level: ConnectionEvent.Level, _ name: ConnectionEvent.Name, message: String, id: ConnectionID, request: Request,
        code: String? = nil
    ) {
        environment.events.emit(
            ConnectionEvent(
                level: level, name: name, message: message, engine: request.caller?.displayName ?? "", owner: id.owner.description,
                environment: id.environment, platform: id.platform, requestID: request.id, code: code, at: time.now()))
    }
}

extension Request {
    /// The caller's display name, for events and audit records; empty if there is no caller.
    var actor: String { caller?.displayName ?? "" }
}
