internal import ArgumentParser

/// What `coffer server` was told on its command line.
package struct ServerOptions: Sendable {
    /// Configuration files and directories, in order.
    package var configurationPaths: [String]
    package var isDevelopment: Bool
    package var developmentRootTokenID: String?
    package var developmentListenAddress: String?
    /// Keeps the data of a development server; in memory when nil.
    package var developmentStoragePath: String?
    package var developmentUsesKVVersion1: Bool
    package var developmentStoresToken: Bool
    package var logLevel: String?
    package var logFormat: String?
    /// A file of `NAME=value` lines that stand in for environment variables.
    package var environmentFile: String?
}

struct ServerCommand: CLICommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Runs a server.",
        discussion: """
            coffer server -dev                   in memory and unsealed: to try things out
            coffer server -config=coffer.hcl
            """)
    @Option(help: ArgumentHelp("A configuration file (HCL or JSON) or a directory of them; may be repeated.", valueName: "path"))
    var config: [String] = []
    @Flag(help: "Run in memory, unsealed, and print the root token.") var dev = false
    @Option(name: .customLong("dev-root-token-id"), help: ArgumentHelp("The root token of a -dev server.", valueName: "token"))
    var devRootTokenID: String?
    @Option(help: ArgumentHelp("Where a -dev server listens: 127.0.0.1:8200.", valueName: "address")) var devListenAddress: String?
    @Option(help: ArgumentHelp("Keep the data of a -dev server here.", valueName: "path")) var devStorage: String?
    @Flag(name: .customLong("dev-kv-v1"), help: "Mount KV version 1 at secret/ in place of version 2.") var devKVV1 = false
    @Flag(help: "Do not keep the root token for the other commands.") var devNoStoreToken = false
    @Option(help: "trace, debug, info, warn or error.") var logLevel: String?
    @Option(help: "json or standard.") var logFormat: String?
    @Option(help: ArgumentHelp("A file of NAME=value lines.", valueName: "file")) var envFile: String?
    @Argument(help: .hidden) var arguments: [String] = []

    var options: ServerOptions {
        ServerOptions(
            configurationPaths: config, isDevelopment: dev, developmentRootTokenID: devRootTokenID,
            developmentListenAddress: devListenAddress, developmentStoragePath: devStorage, developmentUsesKVVersion1: devKVV1,
            developmentStoresToken: !devNoStoreToken, logLevel: logLevel, logFormat: logFormat, environmentFile: envFile)
    }

    func run(in system: System) async throws {
        try arguments.expect(0)
        guard dev || !config.isEmpty else {
            throw CommandFailure.local("Name a configuration with -config=FILE, or try a server out with -dev")
        }
        try await runServer(options, system: system)
    }
}

/// Runs until the server is told to stop.
func runServer(_ options: ServerOptions, system: System) async throws {
    throw CommandFailure.local("The server is not wired yet")
}
