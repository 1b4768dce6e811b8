/// When a name is locked. Vault's defaults.
struct LockoutRules: Sendable {
    /// Failures in a row that lock.
    var failuresMax = 5
    /// Seconds from the last failure until a name is free again, and until failures are forgotten.
    var seconds = 900
}
