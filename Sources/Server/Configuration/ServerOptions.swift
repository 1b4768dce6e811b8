package import EngineKit
import Foundation

/// What the command line and the environment say about a server.
package struct ServerOptions: Sendable {
    /// Files and directories, later ones winning.
    package var configPaths: [String] = []
    package var isDev = false
    package var devRootTokenID: String?
    package var devListenAddress: String?
    /// A directory; dev mode keeps everything in memory without it.
    package var devStorage: String?
    package var devUsesKVVersion1 = false
    /// Called with the root token of a dev server.
    package var devStoreToken: (@Sendable (String) -> Void)?
    package var logLevel: String?
    package var logFormat: String?
    /// A file of `NAME=value` lines that stand behind the environment.
    package var envFile: String?
    /// Secrets engines besides those that are always there, for programs built on this server.
    package var engines: [EngineDescription] = []
    /// The process's environment; injected so that tests decide.
    package var environment: [String: String]

    /// Neither a configuration nor dev mode: the variables make the server.
    package var isEnvironmentOnly: Bool { configPaths.isEmpty && !isDev }

    /// The file that was named; else, for a server without a configuration, a `.env` in the current folder.
    package var variablesFile: String? {
        if let envFile { return envFile }
        return isEnvironmentOnly && FileManager.default.fileExists(atPath: ".env") ? ".env" : nil
    }

    package init(environment: [String: String]) { self.environment = environment }
}
