internal import CofferClient
import Syntax

/// Where the secrets of the Service API lie when they are kept by another server.
package struct RemoteVaultSettings: Sendable, Hashable {
    package var address: String
    package var token: String?
    package var roleID: String?
    package var secretID: String?
    /// Without slashes at its ends.
    package var mount: String
    package var authorityFile: String?

    /// nil when secrets are kept here.
    static func chosen(_ environment: ServerEnvironment) throws(ConfigurationError) -> RemoteVaultSettings? {
        switch environment["SERVICE_PROVIDER"] {
        case nil, "local": return nil
        case "vault": return try RemoteVaultSettings(environment)
        default: throw ConfigurationError("SERVICE_PROVIDER must be local or vault")
        }
    }

    /// Whether it is in use or not, for whoever moves secrets.
    package init(_ options: ServerOptions) throws(ConfigurationError) {
        try self.init(try ServerConfiguration.environment(options))
    }

    init(_ environment: ServerEnvironment) throws(ConfigurationError) {
        guard let address = environment["SERVICE_VAULT_ADDR"] else { throw ConfigurationError("SERVICE_VAULT_ADDR is missing") }
        self.address = address
        token = try environment.secret("SERVICE_VAULT_TOKEN")
        roleID = environment["SERVICE_VAULT_ROLE_ID"]
        secretID = try environment.secret("SERVICE_VAULT_SECRET_ID")
        guard token != nil || roleID != nil else {
            throw ConfigurationError("SERVICE_VAULT_TOKEN is missing, or SERVICE_VAULT_ROLE_ID with SERVICE_VAULT_SECRET_ID")
        }
        var mount = (environment["SERVICE_VAULT_MOUNT"] ?? "secret")[...]
        while mount.hasUTF8Suffix("/") { mount = mount.dropLastUTF8() }
        while mount.hasUTF8Prefix("/") { mount = mount.dropFirstUTF8() }
        guard !mount.isEmpty else { throw ConfigurationError("SERVICE_VAULT_MOUNT names no mount") }
        self.mount = String(mount)
        authorityFile = environment["SERVICE_VAULT_CACERT"]
    }

    /// Over a network without TLS.
    var isInTheClear: Bool {
        guard let server = try? ServerAddress(address), server.scheme == .http else { return false }
        return !(server.host == "localhost" || server.host == "::1" || server.host.hasUTF8Prefix("127."))
    }
}
