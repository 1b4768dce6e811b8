internal import ArgumentParser
internal import Syntax

/// The lockout settings of an auth method: how failed logins lock a user name.
struct LockoutTuning: ParsableArguments {
    @Option(help: .init("Lock a user name after this many failures in a row.", valueName: "number")) var userLockoutThreshold: Int?
    @Option(help: .init("Keep a user name locked for this time.", valueName: "duration")) var userLockoutDuration: String?
    @Option(help: .init("Reset the count of failures after this time without one.", valueName: "duration"))
    var userLockoutCounterResetDuration: String?
    @Flag(inversion: .prefixedNo, help: "Turn the locking of user names off or on.") var userLockoutDisable: Bool?

    func config() throws(CommandFailure) -> JSONObject {
        var config = JSONObject()
        if let userLockoutThreshold {
            guard userLockoutThreshold >= 0 else { throw .local("-user-lockout-threshold must be 0 or more") }
            config["lockout_threshold"] = .string(String(userLockoutThreshold))
        }
        config["lockout_duration"] = try ArgumentText.duration(userLockoutDuration, flag: "user-lockout-duration")
        config["lockout_counter_reset_duration"] = try ArgumentText.duration(
            userLockoutCounterResetDuration, flag: "user-lockout-counter-reset-duration")
        config["lockout_disable"] = userLockoutDisable.map { .bool($0) }
        return config
    }
}
