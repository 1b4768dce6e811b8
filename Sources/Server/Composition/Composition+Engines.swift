import AuthMethods
import ConnectionsEngine
import Core
import DatabaseEngine
import Directories
import EngineAPI
import EngineKit
import KVEngine
import Outbound
import ProjectsEngine
import RemoteKVEngine
import ServiceAPI
import ServiceRules
import TransitEngine
import UserAPI
import UserSecretsEngine

extension Composition {
    /// Returns everything that can be mounted, and the authenticators of inline credentials. What a mount's settings name, such as
    /// a JWKS URL, is asked through `outbound.targets`.
    static func catalog(
        _ configuration: ServerConfiguration, outbound: OutboundClients, connections: ConnectionsSetup,
        serviceAPI: ServiceComposition?, users: InlineAuthenticatorDescription?,
        additional: [EngineDescription]
    ) throws(ConfigurationError) -> EngineCatalog {
        var catalog = EngineCatalog()
        for engine in additional { catalog.addSecretsEngine(engine) }
        catalog.addSecretsEngine(ProjectsEngine.description)
        if let remote = configuration.services?.remote {
            catalog.addSecretsEngine(RemoteKVEngine.description(try RemoteVaultClient(remote), mount: remote.mount))
        }
        for description in serviceAPI.map({ ServiceAuthenticator.descriptions($0.directory) }) ?? [] {
            catalog.addInlineAuthenticator(description)
        }
        catalog.addSecretsEngine(KVEngine.description)
        catalog.addSecretsEngine(ConnectionsEngine.description(connections.environment))
        catalog.addInlineAuthenticator(connections.authenticator)
        if let users { catalog.addInlineAuthenticator(users) }
        catalog.addSecretsEngine(DatabaseEngine.description())
        catalog.addSecretsEngine(TransitEngine.description)
        catalog.addSecretsEngine(UserSecretsEngine.description)
        for method in lockingMethods(configuration.outboundAddresses) { catalog.addAuthMethod(method) }
        catalog.addAuthMethod(GitHubMethod.description(outbound: outbound.targets))
        for type in ["jwt", "oidc"] { catalog.addAuthMethod(JWTMethod.description(type, outbound: outbound.targets)) }
        catalog.addAuthMethod(CertificateMethod.description(outbound: outbound.targets))
        catalog.addAuthMethod(KubernetesMethod.description(outbound: outbound.targets))
        return catalog
    }

    /// Returns the auth methods that lock names. A directory that a mount's settings name may have an address that `addresses`
    /// allows.
    private static func lockingMethods(_ addresses: AddressPolicy) -> [EngineDescription] {
        [
            AppRoleMethod.description, UserpassMethod.description(),
            LDAPMethod.description { LDAPDirectory { addresses.allows($0, for: .configuration) } },
        ]
    }

    /// The names that a `user_lockout` block of the configuration may have: methods that lock names, and kinds of inline
    /// credentials.
    static let lockoutNames: Set<String> =
        Set(lockingMethods(AddressPolicy()).map(\.type))
        .union([ServiceCaller.kind, EngineCredentials.kind])
}

extension InitialMount {
    /// The mount `secret/` of a server that initializes itself.
    static func secret(version: Int = 2) -> InitialMount {
        InitialMount(
            path: "secret/", type: KVEngine.description.type, options: ["version": String(version)],
            description: "key/value secret storage")
    }
}

extension ServerConfiguration {
    /// The settings of the pipeline from the configuration, with the first mounts.
    var coreSettings: CoreSettings {
        var settings = CoreSettings()
        settings.defaultTTL = defaultLeaseTTL
        settings.maxTTL = maxLeaseTTL
        settings.nodeID = ownNodeName
        settings.clusterName = clusterName
        settings.apiAddress = apiAddress
        settings.clusterAddress = clusterAddress
        settings.storageType = storage?.name ?? "inmem"
        settings.auditDirectories = auditDirectories
        settings.auditDisableOnStart = auditDisableOnStart
        settings.acceptsEarlierClock = acceptsEarlierClock
        settings.lockouts = lockouts
        settings.defaultMounts = [
            InitialMount(
                path: "connections/", type: "connections", options: [:], description: "OAuth connections of users and projects")
        ]
        if let services {
            let local = ServiceSettings().mount
            settings.mounts = [
                InitialMount(
                    path: local, type: KVEngine.description.type, options: ["version": "2"],
                    description: "secrets of the Service API"),
                InitialMount(
                    path: services.settings.projectsMount, type: "projects", options: [:],
                    description: "projects of the Service API"),
            ]
            if services.remote != nil {
                settings.mounts.append(
                    InitialMount(
                        path: services.settings.mount, type: "remote-kv", options: [:],
                        description: "secrets of the Service API on another server"))
            }
        }
        if let userAPI {
            settings.mounts.append(
                InitialMount(
                    path: userAPI.settings.mount, type: UserSecretsEngine.description.type, options: [:],
                    description: "secrets of users"))
        }
        settings.allowsUnauthenticatedRekey = allowsUnauthenticatedRekey
        return settings
    }
}
