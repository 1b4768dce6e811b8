package import EngineKit
package import Logging
package import Syntax

/// What the configuration says and the pipeline needs.
package struct CoreSettings: Sendable {
    /// Seconds.
    package var defaultTTL = 768 * 3_600
    package var maxTTL = 768 * 3_600
    package var jsonLimits = JSONLimits()
    /// The API level that clients gate on, with the product as build metadata.
    package var version = "1.17.0+coffer.\(CofferProduct.version)"
    package var clusterName = "coffer"
    package var apiAddress = ""
    package var clusterAddress = ""
    package var storageType = "sqlite"
    /// Absolute; audit files lie below these only.
    package var auditDirectories: [String] = []
    /// Devices, such as `file/`, that are disabled when the server opens.
    package var auditDisableOnStart: [String] = []
    /// The operator knows that the latest time in the store was wrong.
    package var acceptsEarlierClock = false
    package var nodeID = "coffer"
    /// Made at an unseal where nothing is mounted at their paths.
    package var mounts: [InitialMount] = []
    /// `sys/rekey` and `sys/generate-root` without a token, as the old protocol has them.
    package var allowsUnauthenticatedRekey = false
    /// By type of auth method or kind of inline credentials; `all` is for those without rules of their own.
    package var lockouts: [String: LockoutRules] = [:]

    /// Mounted from the beginning, besides what whoever initialises asks for.
    package var defaultMounts: [InitialMount] = []

    package init() {}

    func lockout(of type: String) -> LockoutRules { lockouts[type] ?? lockouts["all"] ?? LockoutRules() }
}

/// What the pipeline is given from outside, so that tests decide about all of it.
package struct CoreEnvironment: Sendable {
    package var catalog: EngineCatalog
    package var time: any TimeSource
    package var randomness: any Randomness
    package var logger: Logger
    /// The other nodes of the store; nil where there can be none.
    package var cluster: (any Cluster)?

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
