import Foundation
import HTTPShell
import Logging
import Syntax

/// The variables of a server: those of the process, and those of its `.env` file.
struct ServerEnvironment: Sendable {
    private let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// The first of the variables that has a value. An empty variable counts as not set.
    subscript(_ names: String...) -> String? {
        for name in names { if let value = variables[name], !value.isEmpty { return value } }
        return nil
    }

    var names: [String] { Array(variables.keys) }

    /// Returns a secret from a variable, or from the file that the variable with the suffix `_FILE`
    /// names, or nil if neither is set.
    func secret(_ names: String...) throws(ConfigurationError) -> String? {
        for name in names {
            switch (self[name], self[name + "_FILE"]) {
            case (let value?, nil): return value
            case (nil, let file?):
                guard let data = FileManager.default.contents(atPath: file), let text = String(data: data, encoding: .utf8) else {
                    throw ConfigurationError("the file that \(name)_FILE names cannot be read")
                }
                return text.trimmingCharacters(in: .whitespacesAndNewlines)
            case (_?, _?): throw ConfigurationError("\(name) and \(name)_FILE are both set")
            case (nil, nil): continue
            }
        }
        return nil
    }

    /// Returns the variables that begin with one of the prefixes, and the rest of their names,
    /// which are names of services.
    func names(startingWith prefixes: [String]) -> [(variable: String, service: String)] {
        variables.keys.sorted().flatMap { name in
            prefixes.filter { name.hasUTF8Prefix($0) && name.utf8.count > $0.utf8.count && !name.hasUTF8Suffix("_FILE") }
                .map { (name, String(name.dropFirstUTF8($0.utf8.count))) }
        }
    }

    /// Parses a `.env` file.
    static func lines(_ text: String, file: String) throws(ConfigurationError) -> [String: String] {
        do throws(DotEnvError) {
            return try DotEnv(parsing: text).values
        } catch {
            throw ConfigurationError(error.message, file: file, at: .init(line: error.line, column: 1))
        }
    }
}

extension ServerConfiguration {
    /// Applies `COFFER_…` variables, and Vault's where it has one. They override configuration
    /// files.
    mutating func apply(_ environment: ServerEnvironment) throws(ConfigurationError) {
        logLevel = try Self.level(environment["COFFER_LOG_LEVEL", "VAULT_LOG_LEVEL"], "COFFER_LOG_LEVEL") ?? logLevel
        logFormat = try Self.format(environment["COFFER_LOG_FORMAT", "VAULT_LOG_FORMAT"], "COFFER_LOG_FORMAT") ?? logFormat
        if let text = environment["COFFER_API_ADDR", "VAULT_API_ADDR"] { apiAddress = text }
        if let text = environment["COFFER_CLUSTER_ADDR", "VAULT_CLUSTER_ADDR"] { clusterAddress = text }
        if let text = environment["COFFER_CLUSTER_NAME"] { clusterName = text }
        defaultLeaseTTL = try Self.seconds("COFFER_DEFAULT_LEASE_TTL", environment) ?? defaultLeaseTTL
        maxLeaseTTL = try Self.seconds("COFFER_MAX_LEASE_TTL", environment) ?? maxLeaseTTL
        if let isOff = try Self.bool("COFFER_DISABLE_MLOCK", environment) { locksMemory = !isOff }
        if let text = environment["COFFER_PID_FILE"] { pidFile = text }
        if let text = environment["COFFER_STORAGE_PATH"] { storage = .sqlite(directory: text) }
        if let text = environment["COFFER_AUDIT_DIRS"] {
            let directories = text.splitUTF8(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ",") }).map(String.init)
            guard directories.allSatisfy({ $0.hasUTF8Prefix("/") }) else {
                throw ConfigurationError("COFFER_AUDIT_DIRS must be absolute paths, separated by colons")
            }
            auditDirectories = directories
        }
        if let text = environment["COFFER_AUDIT_DISABLE_ON_START"] {
            auditDisableOnStart = text.splitUTF8(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ",") }).map {
                Self.devicePath(String($0))
            }
        }
        acceptsEarlierClock = try Self.bool("COFFER_ACCEPT_EARLIER_CLOCK", environment) ?? acceptsEarlierClock
        try applyStorage(environment)
        try applyConnections(environment)
        try applyUserAPI(environment)
        if let text = environment["COFFER_LISTEN_ADDRESS"] { try listen(on: text, environment) }
    }

    /// Changes the address of the first listener, or adds a listener if there is none.
    private mutating func listen(on text: String, _ environment: ServerEnvironment) throws(ConfigurationError) {
        guard let address = ListenerReader.address(text) else {
            throw ConfigurationError("COFFER_LISTEN_ADDRESS must be a host and a port such as 127.0.0.1:8200")
        }
        guard listeners.isEmpty else {
            listeners[0].address = address
            return
        }
        var listener = ListenerSettings(address: address)
        if try Self.bool("COFFER_TLS_DISABLE", environment) != true {
            guard let certificate = environment["COFFER_TLS_CERT_FILE"], let key = environment["COFFER_TLS_KEY_FILE"] else {
                throw ConfigurationError(
                    "COFFER_LISTEN_ADDRESS needs COFFER_TLS_CERT_FILE and COFFER_TLS_KEY_FILE, or COFFER_TLS_DISABLE=true")
            }
            var tls = TLSSettings(certificateFile: certificate, keyFile: key)
            tls.clientCertificates = .requested
            listener.tls = tls
        }
        listeners = [listener]
    }

    // MARK: Values

    /// Returns what `parse` makes of a text, or nil if there is none. `name` is where the text comes from, and `wanted` what it
    /// must be, for the error message.
    static func checked<T>(
        _ text: String?, _ name: String, as wanted: String, parse: (String) -> T?
    ) throws(ConfigurationError) -> T? {
        guard let text else { return nil }
        guard let value = parse(text) else { throw ConfigurationError("\(name) must be \(wanted)") }
        return value
    }

    static func level(_ text: String?, _ name: String) throws(ConfigurationError) -> Logger.Level? {
        try checked(text, name, as: "trace, debug, info, warn or error") { Logger.Level(vault: $0.lowercased()) }
    }

    static func format(_ text: String?, _ name: String) throws(ConfigurationError) -> LogFormat? {
        try checked(text, name, as: "json or standard") { LogFormat(rawValue: $0.lowercased()) }
    }

    static func bool(_ name: String, _ environment: ServerEnvironment) throws(ConfigurationError) -> Bool? {
        let words = ["true": true, "1": true, "yes": true, "false": false, "0": false, "no": false]
        return try checked(environment[name], name, as: "true or false") { words[$0.lowercased()] }
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ environment: ServerEnvironment
    ) throws(ConfigurationError) -> Choice? {
        try checked(environment[name], name, as: Choice.names, parse: Choice.init(rawValue:))
    }

    private static func seconds(_ name: String, _ environment: ServerEnvironment) throws(ConfigurationError) -> Int? {
        try checked(environment[name], name, as: "a duration such as 768h") { text in
            DurationText.seconds(text).flatMap { $0 > 0 ? $0 : nil }
        }
    }
}
