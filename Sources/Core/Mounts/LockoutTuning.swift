import EngineKit
import Records
import Syntax

/// The `user_lockout_config` of an auth mount. Values that it does not set are those of the server's configuration.
struct LockoutTuning: Sendable, Hashable {
    /// The number of failures in a row that lock a name; 0 for never.
    var threshold: Int?
    /// How long a name stays locked, in seconds.
    var duration: Int?
    /// After how many seconds failures are forgotten.
    var counterReset: Int?
    /// Whether no names are locked.
    var isDisabled: Bool?

    static let thresholdMax = 1_000_000
    static let secondsMax = 366 * 86_400

    var isEmpty: Bool { self == LockoutTuning() }

    /// Returns the base rules with the values that this tuning sets.
    func rules(over base: LockoutRules) -> LockoutRules {
        var rules = base
        if let threshold { rules.threshold = threshold }
        if let duration { rules.duration = duration }
        if let counterReset { rules.counterReset = counterReset }
        if let isDisabled { rules.isDisabled = isDisabled }
        // As in Vault, a threshold of 0 turns the lockout off. Taken literally it would lock every name at once.
        if rules.threshold == 0 { rules.isDisabled = true }
        return rules
    }
}

extension LockoutTuning: SettingsRecord {
    static let settings = Settings(
        new: LockoutTuning(),
        Setting(
            "lockout_threshold", \.threshold,
            as: .overServer { text, name throws(CofferError) in
                guard let value = Int(text), (0...thresholdMax).contains(value) else {
                    throw .invalid("field '\(name)' must be a whole number between 0 and \(thresholdMax)")
                }
                return value
            }, stored: "threshold", help: "Number of failures in a row that lock a name; 0 for never."),
        Setting(
            "lockout_duration", \.duration, as: .overServer(seconds), stored: "duration", help: "How long a name stays locked."),
        Setting(
            "lockout_counter_reset_duration", \.counterReset, as: .overServer(seconds), stored: "counter_reset_duration",
            old: .accepted("lockout_counter_reset"), help: "How long failures are remembered."),
        Setting("lockout_disable", \.isDisabled, as: .optional(.flag), stored: "disable", help: "Whether to lock no names."))

    private static func seconds(_ text: String, field: String) throws(CofferError) -> Int {
        let value = try MountTuning.seconds(text, field: field)
        guard value <= secondsMax else { throw .invalid("field '\(field)' must be 366 days at most") }
        return value
    }
}

extension SettingKind where Value == Int? {
    /// A number that overrides the server's configuration, sent as a string. An empty string keeps the current value, as with a
    /// mount's TTLs, and `system` returns to the server's.
    fileprivate static func overServer(
        _ parse: @escaping @Sendable (_ text: String, _ name: String) throws(CofferError) -> Int
    ) -> Self {
        Self(
            .string, shown: { $0.map { .int($0) } }, read: { $0.intValue.map(Optional.some) },
            take: { sent, name, _ throws(CofferError) in
                guard let text = sent.stringValue, text != "system" else { return nil }
                return try parse(text, name)
            }
        ).keptByEmptyText
    }
}

extension MountEntry {
    /// Throws if the entry has lockout rules and its type does not lock names.
    func checkLockout(_ description: EngineDescription?) throws(CofferError) {
        guard tuning.lockout.isEmpty || description?.locksNames == true else {
            throw .invalid("tuning of user lockout configuration for auth type \"\(type)\" not allowed")
        }
    }
}
