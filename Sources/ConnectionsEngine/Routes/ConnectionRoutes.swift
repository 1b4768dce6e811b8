import EngineKit
import Logging
import Syntax

/// The engine's declared paths.
struct ConnectionRoutes: Sendable {
    let store: ConnectionStore
    let refresher: Refresher
    let counters: Counters
    let environment: ConnectionsEnvironment
    let time: any TimeSource
    let randomness: any Randomness
    let logger: Logger
    let pendingCount = PendingCount()

    var all: [EnginePath] {
        [
            tokens, refresh, verify, connections, status, owners, owner, platforms, platform, platformClient, insights, authorize,
            start, callback,
        ]
    }

    var now: Int { time.now().seconds }

    func profile(_ name: String) throws(CofferError) -> PlatformProfile {
        guard let profile = environment.catalog[name] else { throw ConnectionFailure.unknownPlatform(name) }
        return profile
    }

    // MARK: Names

    /// The connection a path names. Platforms and environments are one in any case, so a caller that writes them in
    /// another case must be allowed the path in lower case too.
    func id(_ request: Request, tail: String = "") throws(CofferError) -> ConnectionID {
        let id = try foldedID(request)
        if id.environment != request.captures["environment"] || id.platform != request.captures["platform"] {
            guard request.mayAlso(request.operation, "tokens/\(id)\(tail)") else { throw CofferError.denied }
        }
        return id
    }

    /// The same, whoever asks: only to find out whether it is there.
    func foldedID(_ request: Request) throws(CofferError) -> ConnectionID {
        let owner = try Owner(request.captures["owner"])
        guard let environment = Word.folded(request.captures["environment"]) else { throw Self.badEnvironment }
        guard let platform = Word.folded(request.captures["platform"]) else { throw Self.badPlatform }
        return ConnectionID(owner: owner, environment: environment, platform: platform)
    }

    static let badEnvironment = CofferError.invalid("an environment is a word such as prod, staging or dev")
    static let badPlatform = CofferError.invalid("a platform is a word such as slack")

    func event(
        _ level: ConnectionEvent.Level, _ name: ConnectionEvent.Name, _ message: String, _ id: ConnectionID, _ request: Request,
        _ code: String? = nil
    ) {
        environment.events.give(
            ConnectionEvent(
                level: level, name: name, message: message, engine: request.caller?.displayName ?? "", owner: id.owner.description,
                environment: id.environment, platform: id.platform, requestID: request.id, code: code, at: time.now()))
    }
}

extension Request {
    var actor: String { caller?.displayName ?? "" }
}
