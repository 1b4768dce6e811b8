internal import ArgumentParser
internal import Server

/// The command `coffer server`.
struct ServerCommand: CLICommand {
    static let configuration = CommandConfiguration.command(
        "coffer server [options]", "Run a server.",
        examples: "coffer server -dev                   # in memory and unsealed, for experiments",
        "coffer server -config=coffer.hcl",
        "coffer server -env-file=.env         # services, their tokens and the storage from variables")
    @Option(help: .init("A configuration file (HCL or JSON) or a directory of them; may be repeated.", valueName: "path"))
    var config: [String] = []
    @Flag(help: "Run in memory, unsealed, and print the root token.") var dev = false
    @Option(help: .init("The root token of a -dev server.", valueName: "token")) var devRootTokenID: String?
    @Option(help: .init("The address that a -dev server listens on. (default: 127.0.0.1:8200)", valueName: "address"))
    var devListenAddress: String?
    @Option(help: .init("The directory for the data of a -dev server. (default: in memory)", valueName: "path"))
    var devStorage: String?
    @Flag(name: .customLong("dev-kv-v1"), help: "Mount KV version 1 at secret/ instead of version 2.") var devKVV1 = false
    @Flag(help: "Do not save the root token for other commands.") var devNoStoreToken = false
    @Option(help: "The log level: trace, debug, info, warn or error.") var logLevel: String?
    @Option(help: "The log format: json or standard.") var logFormat: String?
    @Option(help: .init("A file of NAME=value lines.", valueName: "file")) var envFile: String?
    @Argument(help: .hidden) var arguments: [String] = []

    func options(_ system: System) -> ServerOptions {
        var options = ServerOptions(environment: system.environment)
        options.configPaths = config
        options.isDev = dev
        options.devRootTokenID = devRootTokenID
        options.devListenAddress = devListenAddress
        options.devStorage = devStorage
        options.devUsesKVVersion1 = devKVV1
        options.logLevel = logLevel
        options.logFormat = logFormat
        options.envFile = envFile.unlessEmpty
        if dev, !devNoStoreToken, let file = TokenFile(environment: system.environment) {
            options.devStoreToken = { token in (try? file.store(token)) == nil ? nil : file.path }
        }
        return options
    }

    func run(in system: System) async throws {
        try arguments.expect(0)
        let options = options(system)
        guard dev || !config.isEmpty || options.variablesFile != nil else {
            throw CommandFailure.local(
                "Give a configuration with -config=FILE or variables with -env-file=FILE, or start a development server with -dev")
        }
        do {
            try await CofferServer(options).run()
        } catch let error as ConfigurationError {
            throw CommandFailure.local("\(error)")
        }
    }
}
