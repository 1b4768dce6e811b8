package import EngineKit
import Foundation
package import HTTPShell
package import StorePostgres

/// Everything that a server is told before it starts.
package struct ServerConfiguration: Sendable {
    package enum Storage: Sendable, Hashable {
        case memory
        case sqlite(directory: String)
        case postgresql(PostgresSettings)

        /// As `sys/seal-status` shows it.
        var name: String {
            switch self {
            case .memory: "inmem"
            case .sqlite: "sqlite"
            case .postgresql: "postgresql"
            }
        }
    }

    package struct Seal: Sendable, Hashable {
        package enum Mechanism: Sendable, Hashable {
            case shamir
            case `static`(currentKeyID: String, currentKey: String, previousKeyID: String?, previousKey: String?)
        }

        package var mechanism: Mechanism
        /// Still able to open what it sealed, while another seal takes over.
        package var isDisabled: Bool
    }

    package var storage: Storage?
    /// What this node is called among those of one store; nil takes the host's name and the first port.
    package var nodeName: String?
    /// Empty means Shamir shares, or a seed key in the environment.
    package var seals: [Seal] = []
    package var listeners: [ListenerSettings] = []
    package var capacity = ShellCapacity()
    package var apiAddress = ""
    package var clusterAddress = ""
    package var clusterName = "coffer"
    /// Seconds.
    package var defaultLeaseTTL = 768 * 3_600
    package var maxLeaseTTL = 768 * 3_600
    package var locksMemory = false
    package var logLevel = LogLevel.info
    package var logFormat = LogFormat.json
    /// Absolute; audit files lie below these only.
    package var auditDirectories: [String] = []
    /// Devices, such as `file/`, that are disabled at the start: for a store whose devices cannot be opened here.
    package var auditDisableOnStart: [String] = []
    /// The latest time in the store was a wrong clock's: the present one is believed.
    package var acceptsEarlierClock = false
    package var pidFile: String?
    /// `sys/rekey` and `sys/generate-root` without a token, as the old protocol has them.
    package var allowsUnauthenticatedRekey = false
    /// When failed logins lock a name, by type of auth method or kind of inline credentials; `all` for the others.
    package var lockouts: [String: LockoutRules] = [:]
    package var dev: Dev?
    var connections = Connections()
    /// For a server that makes its own store at its first start.
    package var selfInitialized: SelfInitializedStore?
    /// nil when the Service API is not spoken.
    package var services: ServicesConfiguration?
    /// Where the seal's keys are looked up: the process's variables and the file behind them.
    var environment = ServerEnvironment([:])
    package var notices: [ConfigurationNotice] = []

    /// Dev mode: unsealed at start, everything printed that is needed to use it.
    package struct Dev: Sendable {
        /// nil lets the server draw one.
        package var rootToken: String?
        /// In place of version 2 at `secret/`.
        package var usesKVVersion1 = false
        /// Keeps the root token for the command line's other commands.
        package var storeToken: (@Sendable (String) -> Void)?
    }

    package init() {}

    /// A single node is `coffer`, whatever its machine is called: its audit trail goes on when it moves.
    var ownNodeName: String {
        if let nodeName { return nodeName }
        guard case .postgresql? = storage else { return "coffer" }
        var port = 8200
        if case .tcp(_, let number)? = listeners.first?.address { port = number }
        return "\(ProcessInfo.processInfo.hostName)-\(port)"
    }
}
