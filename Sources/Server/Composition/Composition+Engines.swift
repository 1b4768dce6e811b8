import AuthMethods
import ConnectionsEngine
import Core
import DatabaseEngine
import EngineAPI
import EngineKit
import KVEngine
import ProjectsEngine
import RemoteKVEngine
import ServiceAPI
import ServiceRules
import TransitEngine

extension Composition {
    /// Returns everything that can be mounted, and the authenticators of inline credentials.
    static func catalog(
        _ configuration: ServerConfiguration, connections: ConnectionsSetup, serviceAPI: ServiceComposition?,
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
        catalog.addSecretsEngine(DatabaseEngine.description())
        catalog.addSecretsEngine(TransitEngine.description)
        for method in authMethods { catalog.addAuthMethod(method) }
        return catalog
    }

    private static let authMethods = [AppRoleMethod.description, UserpassMethod.description()]

    /// The names that a `user_lockout` block of the configuration may have: methods that lock names, and kinds of inline
    /// credentials.
    static let lockoutNames: Set<String> =
        Set(authMethods.filter(\.locksNames).map(\.type))
        .union([ServiceCaller.kind, EngineCredentials.kind])

    /// Methods of Vault that this server lacks. A configuration that was written for Vault may have rules for them.
    static let foreignLockoutNames: Set = ["ldap"]
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
        settings.allowsUnauthenticatedRekey = allowsUnauthenticatedRekey
        return settings
    }
}
