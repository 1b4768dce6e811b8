/// When a name is locked. The defaults are Vault's.
package struct LockoutRules: Sendable, Hashable {
    /// Failures in a row that lock.
    package var threshold = 5
    /// Seconds that a locked name stays locked.
    package var duration = 900
    /// Seconds after which failures that did not lock are forgotten.
    package var counterReset = 900
    /// Whether nothing is counted and no name is locked.
    package var isDisabled = false

    /// Creates the default rules: 5 failures within 15 minutes lock a name for 15 minutes.
    package init() {}

    /// Locks nobody and counts nothing.
    package static let none: LockoutRules = {
        var rules = LockoutRules()
        rules.isDisabled = true
        return rules
    }()
}
