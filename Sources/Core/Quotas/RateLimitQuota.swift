import EngineKit
import Records
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

extension RateLimitQuota: Record, SettingsRecord {
    static let rateMax = 1e9
    static let secondsMax = 366 * 86_400

    static let settings = Settings(
        new: RateLimitQuota(name: "", rate: 0),
        required: ["name", "mount", "suffix", "role", "rate", "interval", "block_interval"],
        .kept("name", \.name, as: .text), .kept("mount", \.mountPath, as: .text), .kept("suffix", \.suffix, as: .text),
        Setting("role", \.role, as: .text, isKept: false, help: "Only logins of this role; the path must be of an auth mount."),
        Setting("rate", \.rate, as: .rate, help: "Requests in an interval, for each client address."),
        Setting("interval", \.interval, as: .duration, help: "Over which requests are counted; 1s when left out."),
        Setting(
            "block_interval", \.blockInterval, as: .duration, isKept: false,
            help: "For how long a client that went beyond its rate is kept out."),
        Setting(
            "inheritable", \.isInheritable, as: .flag, help: "Whether namespaces inherit it; there are none here."))

    func check() throws(CofferError) {
        guard rate > 0, rate <= Self.rateMax else { throw .invalid("'rate' is invalid") }
        guard interval <= Self.secondsMax, blockInterval <= Self.secondsMax else {
            throw .invalid("'interval' and 'block_interval' may be a year at most")
        }
    }

    var shown: JSONObject {
        let identity: JSONObject = ["type": "rate-limit", "name": .string(name), "path": .string(path)]
        return JSONObject(identity.members + Self.settings.shown(self).members)
    }
}

extension SettingKind where Value == Double {
    /// A number, or its text. It is stored as a text, which loses nothing.
    fileprivate static var rate: Self {
        Self(
            .any, shown: { .number($0.rounded() == $0 ? String(Int($0)) : String($0)) }, stored: { .string(String($0)) },
            read: { $0.stringValue.flatMap(Double.init) },
            take: { sent, name, _ throws(CofferError) in
                switch sent {
                case .number(let text), .string(let text):
                    guard let rate = Double(text) else { throw .invalid("'\(name)' is invalid") }
                    return rate
                default: throw .invalid("'\(name)' is invalid")
                }
            })
    }
}
