import Foundation
import HTTPShell
import StorePostgres
import Syntax

/// The files of a server that is configured by a `.env` alone and initializes its store at the
/// first start.
package struct SelfInitializedStore: Sendable, Hashable {
    /// The file to which the first start writes the root token.
    package var rootTokenFile: String
    /// The audit file.
    package var auditFile: String
}

extension ServerConfiguration {
    /// Applies `DATABASE_URL`, `HOST`, `PORT`, `LOG_LEVEL` and the master key to a server without a
    /// configuration file.
    mutating func applyEnvironmentOnly(_ environment: ServerEnvironment) throws(ConfigurationError) {
        if environment["COFFER_LOG_LEVEL", "VAULT_LOG_LEVEL"] == nil {
            logLevel = try Self.level(environment["LOG_LEVEL"], "LOG_LEVEL") ?? logLevel
        }
        guard storage == nil else { return }
        let isKeyed = ["MSA_MASTER_KEY", "VAULT_ENCRYPTION_KEY"].contains { name in
            environment[name] != nil || environment[name + "_FILE"] != nil
        }
        guard isKeyed || !seals.isEmpty else {
            throw ConfigurationError(
                "MSA_MASTER_KEY is missing: make one with `echo MSA_MASTER_KEY=base64:$(openssl rand -base64 32)`")
        }
        let url = try environment.secret("DATABASE_URL") ?? "sqlite:///./coffer-data"
        let directory: String
        if url.hasUTF8Prefix("postgres://") || url.hasUTF8Prefix("postgresql://") {
            storage = .postgresql(PostgresSettings(connectionURL: url))
            // The folder is for files of this node: its audit file, and the root token if it
            // initialized the store.
            directory = "coffer-data"
        } else {
            directory = try Self.directory(url)
            storage = .sqlite(directory: directory)
        }
        let absolute = directory.hasUTF8Prefix("/") ? directory : FileManager.default.currentDirectoryPath + "/" + directory
        let audit = absolute + "-audit"
        if !auditDirectories.contains(audit) { auditDirectories.append(audit) }
        selfInitialized = SelfInitializedStore(rootTokenFile: absolute + "-root-token", auditFile: audit + "/audit.log")
        if listeners.isEmpty { listeners = [try Self.listener(environment)] }
    }

    /// Parses `sqlite:///relative/path` or `sqlite:////absolute/path`, the folder in which the
    /// store creates its files.
    private static func directory(_ text: String) throws(ConfigurationError) -> String {
        let prefix = "sqlite:///"
        guard text.hasUTF8Prefix(prefix), !text.containsUTF8("?"), !text.containsUTF8("\0") else {
            throw ConfigurationError(
                "DATABASE_URL must be sqlite:///PATH, with a fourth slash for an absolute path, or postgres://USER:PASSWORD@HOST/DATABASE"
            )
        }
        var rest = text.dropFirstUTF8(prefix.utf8.count)
        while rest.utf8.count > 1, let shorter = rest.removingUTF8Suffix("/") { rest = shorter }
        let path = String(rest.removingUTF8Prefix("./") ?? rest)
        guard !path.isEmpty, path != ".", path != "/", path != ":memory:" else {
            throw ConfigurationError("DATABASE_URL must name a folder for the store, such as sqlite:///./coffer-data")
        }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue {
            throw ConfigurationError("DATABASE_URL names an existing file, but Coffer needs a folder there; choose another path")
        }
        return path
    }

    /// Returns the listener, which only this machine can reach unless `HOST` is set.
    private static func listener(_ environment: ServerEnvironment) throws(ConfigurationError) -> ListenerSettings {
        let port = environment["PORT"] ?? "8200"
        guard let number = Int(port), (0...65_535).contains(number) else {
            throw ConfigurationError("PORT must be a number from 0 to 65535")
        }
        var listener = ListenerSettings(address: .tcp(host: environment["HOST"] ?? "127.0.0.1", port: number))
        guard let certificate = environment["COFFER_TLS_CERT_FILE"] else { return listener }
        guard let key = environment["COFFER_TLS_KEY_FILE"] else {
            throw ConfigurationError("COFFER_TLS_CERT_FILE needs COFFER_TLS_KEY_FILE")
        }
        var tls = TLSSettings(certificateFile: certificate, keyFile: key)
        tls.clientCertificates = .requested
        if let file = environment["COFFER_TLS_CLIENT_CA_FILE"] {
            tls.clientCAFile = file
            tls.clientCertificates = .optional
        }
        listener.tls = tls
        return listener
    }
}
