package import EngineKit
package import Syntax

/// What happened to a connection, for a monitoring service. No token, ever.
package struct ConnectionEvent: Sendable, Hashable {
    package enum Level: String, Sendable { case info, warn, error }
    package enum Name: String, Sendable {
        case stored = "connection.stored"
        case fetched = "connection.fetched"
        case refused = "connection.refused"
        case refreshed = "connection.refreshed"
        case refreshFailed = "connection.refresh_failed"
        case disconnected = "connection.disconnected"
        case inDoubt = "connection.in_doubt"
        case revoked = "connection.revoked"
        case deleted = "connection.deleted"
        case ownerDeleted = "owner.deleted"
    }

    package var level: Level
    package var name: Name
    package var message: String
    /// Who did it: an engine's name, a token's display name, or `background-refresh`.
    package var engine: String
    package var owner: String
    package var environment: String
    package var platform: String
    package var requestID: String
    /// A code such as `invalid_grant`.
    package var code: String?
    package var at: Timestamp

    package init(
        level: Level, name: Name, message: String, engine: String, owner: String, environment: String, platform: String,
        requestID: String, code: String?, at: Timestamp
    ) {
        self.level = level
        self.name = name
        self.message = message
        self.engine = engine
        self.owner = owner
        self.environment = environment
        self.platform = platform
        self.requestID = requestID
        self.code = code
        self.at = at
    }

    package var json: JSONObject {
        var object: JSONObject = [
            "time": .string(at.description), "level": .string(level.rawValue), "message": .string(message),
            "engine": .string(engine), "event": .string(name.rawValue), "owner": .string(owner),
            "request_id": .string(requestID),
        ]
        if !environment.isEmpty { object["environment"] = .string(environment) }
        if !platform.isEmpty { object["platform"] = .string(platform) }
        if let code { object["code"] = .string(code) }
        return object
    }
}

/// Where events go. Giving one never waits and never fails.
package protocol EventSink: Sendable {
    func give(_ event: ConnectionEvent)
    /// What waits, was refused and was lost; nil where nobody is told.
    var state: JSONObject? { get }
}

extension EventSink {
    package var state: JSONObject? { nil }
}

/// Nobody is told.
package struct NoEvents: EventSink {
    package init() {}
    package func give(_ event: ConnectionEvent) {}
}
