import Foundation
import HTTPShell
import Syntax

extension ServerConfiguration {
    /// Reads the configuration files, then variables, then the command line; a later source
    /// overrides an earlier one.
    package static func load(_ options: ServerOptions) throws(ConfigurationError) -> ServerConfiguration {
        let environment = try Self.environment(options)
        var configuration = ServerConfiguration()
        configuration.environment = environment
        if options.isDev { configuration.logFormat = .standard }
        try configuration.apply(paths: options.configPaths)
        try configuration.apply(environment)
        configuration.logLevel = try level(options.logLevel, "-log-level") ?? configuration.logLevel
        configuration.logFormat = try format(options.logFormat, "-log-format") ?? configuration.logFormat
        if options.isDev { try configuration.applyDev(options, environment) }
        if options.isEnvironmentOnly, options.variablesFile != nil || environment["DATABASE_URL", "ALLOWED_SERVICES"] != nil {
            try configuration.applyEnvironmentOnly(environment)
        }
        configuration.services = try ServicesConfiguration(environment, notices: &configuration.notices)
        try configuration.check(options)
        return configuration
    }

    static func environment(_ options: ServerOptions) throws(ConfigurationError) -> ServerEnvironment {
        guard let file = options.variablesFile else { return ServerEnvironment(options.environment) }
        guard let data = FileManager.default.contents(atPath: file), let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(
                FileManager.default.fileExists(atPath: file)
                    ? "the environment file cannot be read, or is not UTF-8 text" : "the environment file does not exist",
                file: file)
        }
        return ServerEnvironment(try ServerEnvironment.lines(text, file: file).merging(options.environment) { $1 })
    }

    private mutating func applyDev(_ options: ServerOptions, _ environment: ServerEnvironment) throws(ConfigurationError) {
        let token =
            if let token = options.devRootTokenID { token as String? } else {
                try environment.secret("COFFER_DEV_ROOT_TOKEN_ID", "VAULT_DEV_ROOT_TOKEN_ID")
            }
        dev = Dev(rootToken: token, usesKVVersion1: options.devUsesKVVersion1, storeToken: options.devStoreToken)
        storage = options.devStorage.map { .sqlite(directory: $0) } ?? .memory
        let text =
            options.devListenAddress ?? environment[
                "COFFER_DEV_LISTEN_ADDRESS", "VAULT_DEV_LISTEN_ADDRESS", "COFFER_LISTEN_ADDRESS"]
            ?? "127.0.0.1:8200"
        guard let address = ListenerReader.address(text) else {
            throw ConfigurationError("the address of dev mode must be a host and a port such as 127.0.0.1:8200")
        }
        listeners.insert(ListenerSettings(address: address), at: 0)
        let temporary = environment["TMPDIR"] ?? "/tmp"
        if temporary.hasUTF8Prefix("/"), !auditDirectories.contains(temporary) { auditDirectories.append(temporary) }
        if temporary != "/tmp", !auditDirectories.contains("/tmp") { auditDirectories.append("/tmp") }
    }

    private func check(_ options: ServerOptions) throws(ConfigurationError) {
        guard storage != nil else {
            throw ConfigurationError(
                options.configPaths.isEmpty
                    ? "no configuration: pass one with -config FILE, or try -dev"
                    : "no storage: add storage \"sqlite\" { path = \"/var/lib/coffer\" } to the configuration, or storage \"postgresql\""
            )
        }
        guard !listeners.isEmpty else {
            throw ConfigurationError("no listener: add listener \"tcp\" { address = \"127.0.0.1:8200\" ... } to the configuration")
        }
        guard defaultLeaseTTL <= maxLeaseTTL else { throw ConfigurationError("default_lease_ttl is longer than max_lease_ttl") }
        try userAPI?.check()
        let active = seals.count { !$0.isDisabled }
        guard active <= 1 else { throw ConfigurationError("more than one seal is active; set disabled = true on the old one") }
    }
}
