import EngineKit
import Syntax

/// The keys of the records of tokens, relative to the store's prefix.
enum TokenKeys {
    static func entry(_ id: String) -> String { entries + id }
    static func accessor(_ hashed: String) -> String { "accessor/\(hashed)" }
    static func child(of parent: String, _ id: String) -> String { "child/\(parent)/\(id)" }
    static func children(of parent: String) -> String { "child/\(parent)/" }
    static func revoking(_ id: String) -> String { "revoking/\(id)" }
    static func cubbyhole(of id: String) -> String { "cubby/\(id)/" }
    static func capabilityUses(of id: String) -> String { "capability/\(id)/" }
    static let entries = "id/"
    static let accessors = "accessor/"
    static let revokings = "revoking/"
    static let expiries = "expiry/"

    /// Returns the key of the index by time, or nil for a token without an end.
    ///
    /// The keys sort by time. They end with the path at which the token was created, so that the tokens of a mount are
    /// found by their keys alone.
    static func expiry(_ entry: TokenEntry) -> String? {
        guard let expiresAt = entry.expiresAt else { return nil }
        let digits = String(max(0, expiresAt.seconds))
        let key = expiries + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits + "/" + entry.id
        let whole = key + "/" + entry.path
        // A path that cannot be part of a key is left out and read from the entry instead.
        return (try? StorageLimits.validate(key: prefixRoom + whole)) == nil ? key : whole
    }

    /// As long as the prefixes that outer storages put before a key.
    private static let prefixRoom = String(repeating: "-", count: 64) + "/"

    /// Returns the parts of a name listed below ``expiries``. The path is empty if only the entry has it.
    static func parseExpiry(_ name: String) -> (seconds: Int, id: String, path: String)? {
        let parts = name.splitUTF8(at: "/", maxSplits: 2)
        guard parts.count >= 2, let seconds = Int(parts[0]) else { return nil }
        return (seconds, String(parts[1]), parts.count == 3 ? String(parts[2]) : "")
    }
}
