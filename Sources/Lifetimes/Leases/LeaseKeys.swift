import EngineKit
import Syntax

/// Where a lease's records live: in the tokens' slice, so that one batch changes both.
enum LeaseKeys {
    static let entries = "lease/id/"
    static let expiries = "lease/expiry/"
    static let queue = "lease/queue/"
    static let irrevocables = "lease/stuck/"

    static func entry(_ id: String) -> String { entries + id }
    /// nil for a lease that belongs to no token on record.
    static func token(_ tokenID: String, _ id: String) -> String? { tokenID.isEmpty ? nil : leases(ofToken: tokenID) + id }
    static func leases(ofToken tokenID: String) -> String { "lease/token/\(tokenID)/" }
    static func expiry(_ moment: Timestamp, _ id: String) -> String { expiries + sortable(moment) + "/" + id }
    /// Revocations that wait, by the moment of their next attempt.
    static func queue(_ moment: Timestamp, _ id: String) -> String { queue + sortable(moment) + "/" + id }
    static func irrevocable(_ id: String) -> String { irrevocables + id }

    /// The parts of a name listed below ``expiries`` or ``queue``. A lease's id has slashes itself.
    static func parse(_ name: String) -> (seconds: Int, id: String)? {
        let parts = name.splitUTF8(at: "/", maxSplits: 1)
        guard parts.count == 2, let seconds = Int(parts[0]) else { return nil }
        return (seconds, String(parts[1]))
    }

    /// Whole seconds, rounded up: what an index says is due has ended.
    private static func sortable(_ moment: Timestamp) -> String {
        let digits = String(moment.secondsRoundedUp(since: Timestamp(seconds: 0)))
        return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }
}
