import EngineKit
import Syntax

/// How many requests each client may make, as an operator wrote it.
struct RateLimitQuota: Sendable, Hashable {
    /// From general to special; the most special one that fits a request is the only one that counts.
    enum Rank: Int, Comparable, Sendable {
        case global, mount, glob, path, role

        static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
    }

    var name: String
    /// With its final slash; empty for all.
    var mountPath = ""
    /// Relative to the mount, without a final slash; a final `*` stands for anything. Empty for the whole mount.
    var suffix = ""
    /// Only logins of this role.
    var role = ""
    /// Requests in an interval.
    var rate: Double
    /// Seconds.
    var interval = 1
    /// Seconds that a client is kept out once it went beyond its rate; 0 for the rest of the interval.
    var blockInterval = 0
    /// Shown as it was sent: there are no namespaces that could inherit it.
    var isInheritable = false

    var path: String { mountPath + suffix }

    /// nil when this quota is not for such a request. `relative` is the path below the mount, without a final slash.
    func rank(_ relative: Substring) -> Rank? {
        if mountPath.isEmpty { return .global }
        if suffix.isEmpty { return role.isEmpty ? .mount : .role }
        if suffix.hasUTF8Suffix("*") {
            guard relative.utf8.starts(with: suffix.utf8.dropLast()) else { return nil }
            return role.isEmpty ? .glob : .role
        }
        guard relative == suffix else { return nil }
        return role.isEmpty ? .path : .role
    }

    /// Whether the two would apply to exactly the same requests.
    func hasSameScope(as other: RateLimitQuota) -> Bool { path == other.path && role == other.role }

    /// Whole requests in a window of nanoseconds. A rate below one a window makes the window longer.
    var window: (requests: Int, nanoseconds: Int64) {
        let nanoseconds = Double(interval) * 1_000_000_000
        guard rate < 1 else { return (Int(rate.rounded()), Int64(nanoseconds)) }
        return (1, Int64(min(nanoseconds / rate, 1e18)))
    }
}

extension RateLimitQuota {
    static let rateMax = 1e9
    static let secondsMax = 366 * 86_400

    var shown: JSONObject {
        [
            "type": "rate-limit", "name": .string(name), "path": .string(path), "role": .string(role), "rate": .number(shownRate),
            "interval": .int(interval), "block_interval": .int(blockInterval), "inheritable": .bool(isInheritable),
        ]
    }

    private var shownRate: String { rate.rounded() == rate ? String(Int(rate)) : String(rate) }

    var stored: JSON {
        [
            "name": .string(name), "mount": .string(mountPath), "suffix": .string(suffix), "role": .string(role),
            "rate": .string(String(rate)), "interval": .int(interval), "block_interval": .int(blockInterval),
            "inheritable": .bool(isInheritable),
        ]
    }

    init?(stored: JSON) {
        guard let name = stored["name"]?.stringValue, let rate = stored["rate"]?.stringValue.flatMap(Double.init),
            let mountPath = stored["mount"]?.stringValue, let suffix = stored["suffix"]?.stringValue,
            let role = stored["role"]?.stringValue, let interval = stored["interval"]?.intValue,
            let blockInterval = stored["block_interval"]?.intValue
        else { return nil }
        self.init(
            name: name, mountPath: mountPath, suffix: suffix, role: role, rate: rate, interval: interval,
            blockInterval: blockInterval, isInheritable: stored["inheritable"]?.boolValue ?? false)
    }
}
