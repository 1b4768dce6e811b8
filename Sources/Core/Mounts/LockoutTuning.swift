import EngineKit
import Syntax

/// What `user_lockout_config` of an auth mount sets; what it leaves out is as the server's configuration has it.
struct LockoutTuning: Sendable, Hashable {
    var threshold: Int?
    var duration: Int?
    var counterReset: Int?
    var isDisabled: Bool?

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
        Field("lockout_threshold", .string, "Failures in a row that lock a name; 0 for never."),
        Field("lockout_duration", .string, "How long a name stays locked."),
        Field("lockout_counter_reset", .string, "After how long failures are forgotten."),
        Field("lockout_counter_reset_duration", .string, deprecated: true, "Use lockout_counter_reset."),
        Field("lockout_disable", .bool, "Lock nobody."),
    ]

    /// Empty texts keep what is set, as they do for the times of a mount; "system" goes back to the server's rules.
    mutating func update(_ object: JSONObject) throws(CofferError) {
        let known = Set(Self.fields.map(\.name))
        if let name = object.keys.first(where: { !known.contains($0) }) {
            throw .invalid("field 'user_lockout_config' has no member '\(known.isEmpty ? "" : name.prefixUTF8(64))'")
        }
        let fields = try Fields(validating: object, as: Self.fields)
        switch fields.string("lockout_threshold") ?? "" {
        case "": break
        case "system": threshold = nil
        case let text:
            guard let value = Int(text), (0...Self.thresholdMax).contains(value) else {
                throw .invalid("field 'lockout_threshold' must be a whole number between 0 and \(Self.thresholdMax)")
            }
            threshold = value
        }
        try Self.take(fields, "lockout_duration", into: &duration)
        try Self.take(fields, "lockout_counter_reset_duration", into: &counterReset)
        try Self.take(fields, "lockout_counter_reset", into: &counterReset)
        if let value = fields.bool("lockout_disable") { isDisabled = value }
    }

    private static func take(_ fields: Fields, _ name: String, into seconds: inout Int?) throws(CofferError) {
        guard let value = try MountTuning.seconds(fields, name) else { return }
        guard value <= secondsMax else { throw .invalid("field '\(name)' may be a year at most") }
        seconds = fields.string(name) == "system" ? nil : value
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
    /// Refuses lockout rules where the mount's type locks no names.
    func checkLockout(_ description: EngineDescription?) throws(CofferError) {
        guard tuning.lockout.isEmpty || description?.locksNames == true else {
            throw .invalid("tuning of user lockout configuration for auth type \"\(type)\" not allowed")
        }
    }
}
