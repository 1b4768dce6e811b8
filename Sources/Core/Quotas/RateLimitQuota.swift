import EngineKit
import Records
import Syntax

/// A rate-limit quota: how many requests each client may make to what it covers.
struct RateLimitQuota: Sendable, Hashable {
    /// How specific a quota's match is, in ascending order. Only the most specific quota that matches a request counts it.
    enum Rank: Int, Comparable, Sendable {
        case global, mount, glob, path, role

        static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
    }

    var name: String
    /// The path of the mount with its final slash; empty for all requests.
    var mountPath = ""
    /// The path relative to the mount, without a final slash; a final `*` matches any suffix. Empty for the whole mount.
    var suffix = ""
    /// The role whose logins are counted; empty for all requests.
    var role = ""
    /// The number of requests per interval.
    var rate: Double
    /// The interval in seconds.
    var interval = 1
    /// The seconds for which a client beyond its rate is refused; 0 for the rest of the interval.
    var blockInterval = 0
    /// Whether namespaces inherit the quota. Stored and shown without effect, because there are no namespaces.
    var isInheritable = false

    /// The full path that the quota covers.
    var path: String { mountPath + suffix }

    /// Returns how specifically the quota matches a request to its mount, or nil if it does not match.
    ///
    /// - Parameter relative: The path below the mount, without a final slash.
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

    /// Returns whether both quotas cover exactly the same requests.
    func hasSameScope(as other: RateLimitQuota) -> Bool { path == other.path && role == other.role }

    /// A whole number of requests and the window in nanoseconds. A rate below one request per interval makes the window longer than
    /// the interval.
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
        Setting(
            "role", \.role, as: .text, isKept: false,
            help: "The role whose logins are counted; the path must be that of an auth mount."),
        Setting("rate", \.rate, as: .rate, help: "Number of requests per interval for each client address."),
        Setting("interval", \.interval, as: .duration, help: "Interval over which requests are counted; 1s by default."),
        Setting(
            "block_interval", \.blockInterval, as: .duration, isKept: false,
            help: "How long a client that exceeded the rate is refused."),
        Setting(
            "inheritable", \.isInheritable, as: .flag, help: "Accepted for compatibility: there are no namespaces."))

    func check() throws(CofferError) {
        guard rate > 0, rate <= Self.rateMax else {
            throw .invalid("'rate' must be a number above 0 and at most \(Int(Self.rateMax))")
        }
        guard interval <= Self.secondsMax, blockInterval <= Self.secondsMax else {
            throw .invalid("'interval' and 'block_interval' must be 366 days at most")
        }
    }

    /// The quota as an answer shows it.
    var shown: JSONObject {
        let identity: JSONObject = ["type": "rate-limit", "name": .string(name), "path": .string(path)]
        return JSONObject(identity.members + Self.settings.shown(self).members)
    }
}

extension SettingKind where Value == Double {
    /// A number, or a number in a string. It is stored as a string, which keeps its precision.
    fileprivate static var rate: Self {
        Self(
            .any, shown: { .number($0.rounded() == $0 ? String(Int($0)) : String($0)) }, stored: { .string(String($0)) },
            read: { $0.stringValue.flatMap(Double.init) },
            take: { sent, name, _ throws(CofferError) in
                switch sent {
                case .number(let text), .string(let text):
                    guard let rate = Double(text) else { throw .invalid("'\(name)' must be a number") }
                    return rate
                default: throw .invalid("'\(name)' must be a number")
                }
            })
    }
}
