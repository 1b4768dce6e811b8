import EngineKit
import Records
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
            }, stored: "threshold", help: "Failures in a row that lock a name; 0 for never."),
        Setting(
            "lockout_duration", \.duration, as: .overServer(seconds), stored: "duration", help: "How long a name stays locked."),
        Setting(
            "lockout_counter_reset_duration", \.counterReset, as: .overServer(seconds), stored: "counter_reset_duration",
            old: .accepted("lockout_counter_reset"), help: "After how long failures are forgotten."),
        Setting("lockout_disable", \.isDisabled, as: .optional(.flag), stored: "disable", help: "Lock nobody."))

    private static func seconds(_ text: String, field: String) throws(CofferError) -> Int {
        let value = try MountTuning.seconds(text, field: field)
        guard value <= secondsMax else { throw .invalid("field '\(field)' may be a year at most") }
        return value
    }
}

extension SettingKind where Value == Int? {
    /// A number over what the server's configuration says, sent as a text. An empty text keeps what is set, as it does for the
    /// times of a mount; `system` goes back to the server's.
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
    /// Refuses lockout rules where the mount's type locks no names.
    func checkLockout(_ description: EngineDescription?) throws(CofferError) {
        guard tuning.lockout.isEmpty || description?.locksNames == true else {
            throw .invalid("tuning of user lockout configuration for auth type \"\(type)\" not allowed")
        }
    }
}
