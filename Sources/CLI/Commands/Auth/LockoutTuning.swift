internal import ArgumentParser
internal import Syntax

/// When names are locked after failures, for auth methods with names.
struct LockoutTuning: ParsableArguments {
    @Option(help: ArgumentHelp("Failures in a row that lock a name.", valueName: "number")) var userLockoutThreshold: Int?
    @Option(help: ArgumentHelp("How long a name stays locked.", valueName: "duration")) var userLockoutDuration: String?
    @Option(help: ArgumentHelp("After how long without a failure they count from none.", valueName: "duration"))
    var userLockoutCounterResetDuration: String?
    @Flag(inversion: .prefixedNo, help: "Whether names are never locked.") var userLockoutDisable: Bool?

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
