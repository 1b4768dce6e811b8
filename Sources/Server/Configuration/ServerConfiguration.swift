package import EngineKit
import Foundation
package import HTTPShell
package import Logging
import Outbound
package import StorePostgres

/// The settings of a server, gathered from files, variables and the command line.
package struct ServerConfiguration: Sendable {
    /// Where records are stored.
    package enum Storage: Sendable, Hashable {
        /// In memory; lost when the process ends.
        case memory
        /// In a SQLite database in the directory, for one node.
        case sqlite(directory: String)
        /// In PostgreSQL, for any number of nodes.
        case postgresql(PostgresSettings)

        /// The name of the storage, as `sys/seal-status` shows it.
        var name: String {
            switch self {
            case .memory: "inmem"
            case .sqlite: "sqlite"
            case .postgresql: "postgresql"
            }
        }
    }

    /// A `seal` block.
    package struct Seal: Sendable, Hashable {
        /// What protects the root key.
        package enum Mechanism: Sendable, Hashable {
            /// Key shares (Shamir's scheme), held by people.
            case shamir
            /// A key that the server reads at start. The previous key opens a store that was sealed
            /// with it.
            case `static`(currentKeyID: String, currentKey: String, previousKeyID: String?, previousKey: String?)
        }

        /// The kind of seal and its parameters.
        package var mechanism: Mechanism
        /// Whether another seal replaces this one. A disabled seal still opens what it sealed.
        package var isDisabled: Bool
    }

    /// Where records are stored. It is nil only while the configuration is being read.
    package var storage: Storage?
    /// The name of this node among those that share the store, or nil for the default, see
    /// ``ownNodeName``.
    package var nodeName: String?
    /// The seals. When there are none, a seed key from the environment is used, or Shamir shares.
    package var seals: [Seal] = []
    /// The addresses to listen at, with their TLS and limits.
    package var listeners: [ListenerSettings] = []
    /// The limits that all listeners share: connections and memory for bodies.
    package var capacity = ShellCapacity()
    /// The URL at which clients reach this node (`api_addr`).
    package var apiAddress = ""
    /// Shown to clients; nodes do not talk to each other directly (`cluster_addr`).
    package var clusterAddress = ""
    /// The name of the cluster, as `sys/health` and `sys/seal-status` show it.
    package var clusterName = "coffer"
    /// The lifetime of tokens and leases that ask for none, in seconds.
    package var defaultLeaseTTL = 768 * 3_600
    /// The longest lifetime of tokens and leases, in seconds.
    package var maxLeaseTTL = 768 * 3_600
    /// Whether all memory of the process is kept out of swap.
    package var locksMemory = false
    /// The least severe events that are logged.
    package var logLevel = Logger.Level.info
    /// The form of log lines.
    package var logFormat = LogFormat.json
    /// The directories below which audit files may be. All paths are absolute.
    package var auditDirectories: [String] = []
    /// Audit devices, such as `file/`, to disable at start: for a store whose devices cannot be
    /// opened on this machine.
    package var auditDisableOnStart: [String] = []
    /// Whether to trust this machine's clock although the store has recorded a later time.
    package var acceptsEarlierClock = false
    /// The file to which the process number is written while the server runs.
    package var pidFile: String?
    /// Whether `sys/rekey` and `sys/generate-root` work without a token, as they do in Vault.
    package var allowsUnauthenticatedRekey = false
    /// When failed logins lock a name, by type of auth method or kind of inline credentials. `all`
    /// is for those not listed.
    package var lockouts: [String: LockoutRules] = [:]
    /// The settings of dev mode, or nil in normal operation.
    package var dev: Dev?
    var connections = Connections()
    /// The addresses that configured targets of mounts may have, and those that they may not have.
    var outboundAddresses = AddressPolicy()
    /// The files of a server that initializes its own store, or nil if an operator does.
    package var selfInitialized: SelfInitializedStore?
    /// The services of the Service API, or nil if there is no Service API.
    package var services: ServicesConfiguration?
    /// The User API, or nil if there is none.
    var userAPI: UserAPIConfiguration?
    /// The variables in which the seal's keys are looked up: the process's and those of the `.env`
    /// file.
    var environment = ServerEnvironment([:])
    /// Warnings to log at start.
    package var notices: [ConfigurationNotice] = []

    /// Dev mode: the server starts unsealed and prints everything that is needed to use it.
    package struct Dev: Sendable {
        /// The root token to create, or nil for a random one.
        package var rootToken: String?
        /// Whether `secret/` is KV version 1 instead of version 2.
        package var usesKVVersion1 = false
        /// Saves the root token, so that the other commands use it, and returns the path of its file, or nil if it cannot be saved.
        package var storeToken: (@Sendable (String) -> String?)?
    }

    /// Creates the default configuration, which lacks a storage and a listener.
    package init() {}

    /// The configured name of this node, or its default: `HOST-PORT` on PostgreSQL, and otherwise
    /// `coffer`, so that the audit trail of a single node continues when it moves to another
    /// machine.
    var ownNodeName: String {
        if let nodeName { return nodeName }
        guard case .postgresql? = storage else { return "coffer" }
        var port = 8200
        if case .tcp(_, let number)? = listeners.first?.address { port = number }
        return "\(ProcessInfo.processInfo.hostName)-\(port)"
    }
}
