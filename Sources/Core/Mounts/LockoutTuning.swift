import EngineKit
import Syntax

/// What `user_lockout_config` of an auth mount sets; what it leaves out is as the server's configuration has it.
struct LockoutTuning: Sendable, Hashable {
    var threshold: Int?
    var duration: Int?
    var counterReset: Int?
    var isDisabled: Bool?

    /// Methods that count failures.
    static let types: Set = ["userpass", "approle"]
    static let thresholdMax = 1_000_000
    static let secondsMax = 366 * 86_400

    var isEmpty: Bool { self == LockoutTuning() }

    func rules(over base: LockoutRules) -> LockoutRules {
        var rules = base
        if let threshold { rules.threshold = threshold }
        if let duration { rules.duration = duration }
        if let counterReset { rules.counterReset = counterReset }
        if let isDisabled { rules.isDisabled = isDisabled }
        // A threshold of 0 would lock everybody out at once; in Vault, too, it means that nobody is.
        if rules.threshold == 0 { rules.isDisabled = true }
        return rules
    }

    private static let fields = [
        Field("lockout_threshold", .int, "Failures in a row that lock a name; 0 for never."),
        Field("lockout_duration", .duration, "How long a name stays locked."),
        Field("lockout_counter_reset", .duration, "After how long failures are forgotten."),
        Field("lockout_counter_reset_duration", .duration, deprecated: true, "Use lockout_counter_reset."),
        Field("lockout_disable", .bool, "Lock nobody."),
    ]

    mutating func update(_ object: JSONObject) throws(CofferError) {
        let known = Set(Self.fields.map(\.name))
        if let name = object.keys.first(where: { !known.contains($0) }) {
            throw .invalid("field 'user_lockout_config' has no member '\(known.isEmpty ? "" : name.prefixUTF8(64))'")
        }
        let fields = try Fields(validating: object, as: Self.fields)
        if let value = fields.int("lockout_threshold") {
            guard (0...Self.thresholdMax).contains(value) else {
                throw .invalid("field 'lockout_threshold' must be between 0 and \(Self.thresholdMax)")
            }
            threshold = value
        }
        duration = try Self.seconds(fields, "lockout_duration") ?? duration
        counterReset = try Self.seconds(fields, "lockout_counter_reset_duration") ?? counterReset
        counterReset = try Self.seconds(fields, "lockout_counter_reset") ?? counterReset
        if let value = fields.bool("lockout_disable") { isDisabled = value }
    }

    private static func seconds(_ fields: Fields, _ name: String) throws(CofferError) -> Int? {
        guard let value = fields.duration(name) else { return nil }
        guard value <= secondsMax else { throw .invalid("field '\(name)' may be a year at most") }
        return value
    }

    /// Only what is set.
    func shown(prefix: String) -> JSONObject {
        var object = JSONObject()
        if let threshold { object[prefix + "threshold"] = .int(threshold) }
        if let duration { object[prefix + "duration"] = .int(duration) }
        if let counterReset { object[prefix + "counter_reset_duration"] = .int(counterReset) }
        if let isDisabled { object[prefix + "disable"] = .bool(isDisabled) }
        return object
    }

    var stored: JSONObject { shown(prefix: "") }

    init() {}

    init(stored: JSON) {
        threshold = stored["threshold"]?.intValue
        duration = stored["duration"]?.intValue
        counterReset = stored["counter_reset_duration"]?.intValue
        isDisabled = stored["disable"]?.boolValue
    }
}

extension MountEntry {
    func checkLockout() throws(CofferError) {
        guard tuning.lockout.isEmpty || mountClass == .auth && LockoutTuning.types.contains(type) else {
            throw .invalid("tuning of user lockout configuration for auth type \"\(type)\" not allowed")
        }
    }
}
