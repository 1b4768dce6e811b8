import EngineKit
import Syntax

/// The keys of the records of leases. They share the storage of tokens, so that one batch can change both.
enum LeaseKeys {
    static let entries = "lease/id/"
    static let expiries = "lease/expiry/"
    static let queue = "lease/queue/"
    static let irrevocables = "lease/stuck/"

    static func entry(_ id: String) -> String { entries + id }
    /// Returns the key of the index by token, or nil for a lease of a token that has no record.
    static func token(_ tokenID: String, _ id: String) -> String? { tokenID.isEmpty ? nil : leases(ofToken: tokenID) + id }
    static func leases(ofToken tokenID: String) -> String { "lease/token/\(tokenID)/" }
    static func expiry(_ moment: Timestamp, _ id: String) -> String { expiries + sortable(moment) + "/" + id }
    /// Returns the key of a waiting revocation. The keys sort by the time of the next attempt.
    static func queue(_ moment: Timestamp, _ id: String) -> String { queue + sortable(moment) + "/" + id }
    static func irrevocable(_ id: String) -> String { irrevocables + id }

    /// Returns the parts of a name that is listed below ``expiries`` or ``queue``. The id of a lease contains slashes.
    static func parse(_ name: String) -> (seconds: Int, id: String)? {
        let parts = name.splitUTF8(at: "/", maxSplits: 1)
        guard parts.count == 2, let seconds = Int(parts[0]) else { return nil }
        return (seconds, String(parts[1]))
    }

    /// Returns a time in whole seconds, rounded up, so that a lease has ended when the index says that it is due.
    private static func sortable(_ moment: Timestamp) -> String {
        let digits = String(moment.secondsRoundedUp(since: Timestamp(seconds: 0)))
        return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }
}
