package import Logging

/// Everything an engine gets: its own slice of storage, time, randomness, a logger and its mount's settings.
package struct MountContext: Sendable {
    /// With a final slash, such as `secret/`.
    package var path: String
    /// The mount's accessor, which identity and quotas name it by.
    package var accessor: String
    /// The options that the mount was made or tuned with.
    package var options: [String: String]
    /// Seconds; 0 means the system's.
    package var defaultTTL: Int
    /// The longest lifetime that the mount allows, in seconds; 0 means the system's.
    package var maxTTL: Int
    /// When a name is locked, for a ``LockingEngine``.
    package var lockout = LockoutRules()
    /// The mount's own records.
    package var storage: any Storage
    /// The clock to use.
    package var time: any TimeSource
    /// The source of random bytes to use.
    package var randomness: any Randomness
    /// The log to write to.
    package var logger: Logger
    /// Puts on record what the engine does by itself; throws when no audit device can take it, and then it must not be done.
    package var record: @Sendable (ServerAct) async throws -> Void = { _ in }
    /// Other nodes serve the same records: what another process has under way is not what a crash left behind.
    package var isShared = false
    /// What holds where the mount sets nothing, in seconds.
    package var systemDefaultTTL = 2_764_800
    /// The longest lifetime where the mount sets none, in seconds.
    package var systemMaxTTL = 2_764_800
    /// Makes a password by a policy of `sys/policies/password/`.
    package var makePassword: @Sendable (_ policy: String) async throws -> String = { _ in
        throw CofferError(.notFound, "there is no password policy with this name")
    }

    /// Creates the context of a mount.
    package init(
        path: String, accessor: String, options: [String: String] = [:], defaultTTL: Int = 0, maxTTL: Int = 0,
        storage: any Storage, time: any TimeSource, randomness: any Randomness, logger: Logger
    ) {
        self.path = path
        self.accessor = accessor
        self.options = options
        self.defaultTTL = defaultTTL
        self.maxTTL = maxTTL
        self.storage = storage
        self.time = time
        self.randomness = randomness
        self.logger = logger
    }
}
