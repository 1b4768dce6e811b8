package import EngineKit
package import Logging
package import Syntax

/// The settings of the pipeline, from the server's configuration.
package struct CoreSettings: Sendable {
    /// The life of tokens and leases that ask for none, in seconds.
    package var defaultTTL = 768 * 3_600
    /// The longest life of tokens and leases, in seconds.
    package var maxTTL = 768 * 3_600
    /// The bounds on JSON in requests.
    package var jsonLimits = JSONLimits()
    /// The version in answers: the API level that clients check, with Coffer's version as build metadata.
    package var version = "1.17.0+coffer.\(CofferProduct.version)"
    /// The name of the cluster in answers.
    package var clusterName = "coffer"
    /// The URL that clients reach this node at; empty if not configured.
    package var apiAddress = ""
    /// The URL that other nodes reach this node at; empty if not configured.
    package var clusterAddress = ""
    /// The kind of store that `sys/seal-status` shows, such as `sqlite`.
    package var storageType = "sqlite"
    /// The absolute paths of the directories that may contain audit files.
    package var auditDirectories: [String] = []
    /// The paths of audit devices, such as `file/`, that are disabled when the server unseals.
    package var auditDisableOnStart: [String] = []
    /// Whether the server accepts a clock that is earlier than the latest time in the store. An operator sets it after a wrong time
    /// was stored.
    package var acceptsEarlierClock = false
    /// The name of this node.
    package var nodeID = "coffer"
    /// The engines that are mounted at unseal where nothing is mounted at their paths.
    package var mounts: [InitialMount] = []
    /// Whether `sys/rekey` and `sys/generate-root` take requests without a token, as early Vault versions did.
    package var allowsUnauthenticatedRekey = false
    /// The lockout rules by type of auth method or kind of inline credentials. The key `all` is for types without rules.
    package var lockouts: [String: LockoutRules] = [:]

    /// The engines that initialization mounts, in addition to those that its caller names.
    package var defaultMounts: [InitialMount] = []

    /// Creates the default settings.
    package init() {}

    /// Returns the lockout rules of a type of auth method or a kind of inline credentials.
    func lockout(of type: String) -> LockoutRules { lockouts[type] ?? lockouts["all"] ?? LockoutRules() }
}

/// The pipeline's dependencies, injected so that tests control them.
package struct CoreEnvironment: Sendable {
    /// The types of engines that can be mounted.
    package var catalog: EngineCatalog
    /// The clock.
    package var time: any TimeSource
    /// The source of random bytes.
    package var randomness: any Randomness
    /// The server's log.
    package var logger: Logger
    /// The other nodes that serve the store; nil if the store supports one node only.
    package var cluster: (any Cluster)?

    /// Creates the environment of a server.
    package init(
        catalog: EngineCatalog, time: any TimeSource, randomness: any Randomness, logger: Logger, cluster: (any Cluster)? = nil
    ) {
        self.cluster = cluster
        self.catalog = catalog
        self.time = time
        self.randomness = randomness
        self.logger = logger
    }
}
