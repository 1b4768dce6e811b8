import DatabaseClients
import EngineKit
import Syntax

/// The bounds of a connection pool, under the names that Vault uses.
struct PoolSettings {
    static let fields = [
        Field("max_open_connections", .int, "Connections at the same time, 1 to 64; 4 by default."),
        Field("max_idle_connections", .int, "Connections that are kept open; 0 for as many as may be open."),
        Field("max_connection_lifetime", .duration, "The longest life of a connection before it is replaced; 0 for no limit."),
    ]

    private let open: Int
    private let idle: Int
    private let lifetime: Int

    init(_ details: JSONObject) throws(DatabaseError) {
        open = details["max_open_connections"]?.intValue ?? 0
        idle = details["max_idle_connections"]?.intValue ?? 0
        lifetime = details["max_connection_lifetime"]?.intValue ?? 0
        guard (0...64).contains(open) else { throw .invalid("max_open_connections must be from 1 to 64") }
        guard idle <= 64 else { throw .invalid("max_idle_connections must be at most 64") }
    }

    /// Returns the bounds for a pool. A negative number of idle connections keeps none open, as in Vault.
    func limits<Connection>() -> ConnectionPool<Connection>.Limits {
        let open = open == 0 ? 4 : open
        return .init(open: open, idle: idle == 0 ? open : min(max(idle, 0), open), lifetime: max(lifetime, 0))
    }
}
