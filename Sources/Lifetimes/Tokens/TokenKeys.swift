import EngineKit

/// Where a token's records live, below the store's own prefix.
enum TokenKeys {
    static func entry(_ id: String) -> String { "id/\(id)" }
    static func accessor(_ hashed: String) -> String { "accessor/\(hashed)" }
    static func child(of parent: String, _ id: String) -> String { "child/\(parent)/\(id)" }
    static func children(of parent: String) -> String { "child/\(parent)/" }
    static func revoking(_ id: String) -> String { "revoking/\(id)" }
    static func cubbyhole(of id: String) -> String { "cubby/\(id)/" }
    static let accessors = "accessor/"
    static let revokings = "revoking/"
    static let expiries = "expiry/"

    /// Sorts by time, so that what is due comes first.
    static func expiry(_ moment: Timestamp, _ id: String) -> String {
        let digits = String(max(0, moment.seconds))
        return expiries + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits + "/" + id
    }

    /// The parts of a name listed below ``expiries``.
    static func parseExpiry(_ name: String) -> (seconds: Int, id: String)? {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let seconds = Int(parts[0]) else { return nil }
        return (seconds, String(parts[1]))
    }
}
