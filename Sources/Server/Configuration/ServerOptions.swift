package import EngineKit
import Foundation

/// The options of a server from the command line, and its environment.
package struct ServerOptions: Sendable {
    /// Configuration files and directories. Later ones override earlier ones.
    package var configPaths: [String] = []
    /// Whether to run in dev mode.
    package var isDev = false
    /// The root token of dev mode, or nil for a random one.
    package var devRootTokenID: String?
    /// The address of dev mode as `HOST:PORT`, or nil for the default.
    package var devListenAddress: String?
    /// The directory in which dev mode stores its data, or nil to keep everything in memory.
    package var devStorage: String?
    /// Whether dev mode mounts KV version 1 instead of version 2 at `secret/`.
    package var devUsesKVVersion1 = false
    /// Saves the root token of dev mode and returns the path of its file, or nil if it cannot be saved.
    package var devStoreToken: (@Sendable (String) -> String?)?
    /// The log level by one of Vault's names, or nil for the configured one.
    package var logLevel: String?
    /// The log format, `json` or `standard`, or nil for the configured one.
    package var logFormat: String?
    /// A file of `NAME=value` lines. Variables of the process override those in the file.
    package var envFile: String?
    /// Secrets engines in addition to the built-in ones, for programs that embed this server.
    package var engines: [EngineDescription] = []
    /// The variables of the process, injected so that tests can choose them.
    package var environment: [String: String]

    /// Whether the server is configured by variables alone: there is neither a configuration file
    /// nor dev mode.
    package var isEnvironmentOnly: Bool { configPaths.isEmpty && !isDev }

    /// The file given with ``envFile``, or a `.env` in the current folder if the server has no
    /// other configuration, or nil.
    package var variablesFile: String? {
        if let envFile { return envFile }
        return isEnvironmentOnly && FileManager.default.fileExists(atPath: ".env") ? ".env" : nil
    }

    /// Creates the options of a server without any flags.
    package init(environment: [String: String]) { self.environment = environment }
}
