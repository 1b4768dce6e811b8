package import EngineKit
package import Syntax

/// Something that happened to a connection, as a monitoring service receives it. It never holds a token.
package struct ConnectionEvent: Sendable, Hashable {
    /// How serious the event is.
    package enum Level: String, Sendable { case info, warn, error }

    /// What happened. The raw values are the `event` member of the event.
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

    /// How serious the event is.
    package var level: Level
    /// What happened.
    package var name: Name
    /// A fixed sentence that says what happened.
    package var message: String
    /// Who caused the event: an engine's name, a token's display name, or `background-refresh`.
    package var engine: String
    /// The owner of the connection, such as `user:u123`.
    package var owner: String
    /// The environment of the connection; empty for an event about an owner.
    package var environment: String
    /// The platform of the connection; empty for an event about an owner.
    package var platform: String
    /// The id of the request that caused the event.
    package var requestID: String
    /// A code that says why, such as `invalid_grant`.
    package var code: String?
    /// When it happened.
    package var at: Timestamp

    /// Creates an event.
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

    /// The event as it is sent. Empty members are left out.
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

/// Receives events. Implementations must neither block nor fail.
package protocol EventSink: Sendable {
    /// Queues an event for delivery.
    func emit(_ event: ConnectionEvent)
    /// Counts of events that are queued, were refused, or were dropped. Nil if events are not delivered anywhere.
    var state: JSONObject? { get }
}

extension EventSink {
    /// No counts.
    package var state: JSONObject? { nil }
}

/// A sink that discards every event.
package struct NoEvents: EventSink {
    /// Creates the sink.
    package init() {}
    /// Does nothing.
    package func emit(_ event: ConnectionEvent) {}
}
