internal import CofferClient
import Syntax

/// How to reach the other Vault server in which the Service API keeps its secrets
/// (`SERVICE_PROVIDER=vault`).
package struct RemoteVaultSettings: Sendable, Hashable {
    /// The URL of the server.
    package var address: String
    /// The token to use. When it is nil, Coffer logs in as an AppRole.
    package var token: String?
    /// The role id of the AppRole.
    package var roleID: String?
    /// The secret id of the AppRole, or nil for a role that needs none.
    package var secretID: String?
    /// The path of the KV v2 mount, without slashes at either end.
    package var mount: String
    /// The PEM file of the certificate authority that signed the server's certificate, or nil for
    /// those that the system trusts.
    package var authorityFile: String?

    /// Returns the settings, or nil if this server keeps the secrets itself.
    static func chosen(_ environment: ServerEnvironment) throws(ConfigurationError) -> RemoteVaultSettings? {
        switch environment["SERVICE_PROVIDER"] {
        case nil, "local": return nil
        case "vault": return try RemoteVaultSettings(environment)
        default: throw ConfigurationError("SERVICE_PROVIDER must be local or vault")
        }
    }

    /// Reads the settings whether or not `SERVICE_PROVIDER` selects them, for the command that
    /// moves secrets.
    package init(_ options: ServerOptions) throws(ConfigurationError) {
        try self.init(try ServerConfiguration.environment(options))
    }

    init(_ environment: ServerEnvironment) throws(ConfigurationError) {
        guard let address = environment["SERVICE_VAULT_ADDR"] else {
            throw ConfigurationError("SERVICE_VAULT_ADDR is missing: set it to the URL of the other server")
        }
        self.address = address
        token = try environment.secret("SERVICE_VAULT_TOKEN")
        roleID = environment["SERVICE_VAULT_ROLE_ID"]
        secretID = try environment.secret("SERVICE_VAULT_SECRET_ID")
        guard token != nil || roleID != nil else {
            throw ConfigurationError("SERVICE_VAULT_TOKEN is missing; set it, or SERVICE_VAULT_ROLE_ID and SERVICE_VAULT_SECRET_ID")
        }
        var mount = (environment["SERVICE_VAULT_MOUNT"] ?? "secret")[...]
        while mount.hasUTF8Suffix("/") { mount = mount.dropLastUTF8() }
        while mount.hasUTF8Prefix("/") { mount = mount.dropFirstUTF8() }
        guard !mount.isEmpty else { throw ConfigurationError("SERVICE_VAULT_MOUNT must be the path of a mount, such as secret") }
        self.mount = String(mount)
        authorityFile = environment["SERVICE_VAULT_CACERT"]
    }

    /// Whether secrets would cross a network without TLS.
    var isInTheClear: Bool {
        guard let server = try? ServerAddress(address), server.scheme == .http else { return false }
        return !(server.host == "localhost" || server.host == "::1" || server.host.hasUTF8Prefix("127."))
    }
}
