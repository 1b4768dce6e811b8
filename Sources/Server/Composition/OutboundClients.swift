import EngineKit
import NIOPosix
import Outbound

/// The server's clients for other servers: one for each purpose, because purposes differ in the allowed addresses and in
/// the time limit.
struct OutboundClients {
    /// Asks OAuth providers for tokens. Private addresses only where the configuration allows them.
    let providers: OutboundClient
    /// Asks a provider whether a credential works while a caller waits.
    let verification: OutboundClient
    /// Sends events to the operator's own service, which may have a private address.
    let events: OutboundClient
    /// Asks the operator's own service what an engine may do while the engine waits.
    let engineControl: OutboundClient
    /// Asks the servers that the settings of mounts name, such as JWKS URLs and Kubernetes APIs. Each target has an address
    /// policy, trust and bounds of its own.
    let targets: OutboundClient

    init(_ configuration: ServerConfiguration) {
        let resolver = SystemResolver()
        func client(_ policy: AddressPolicy, timeoutMilliseconds: Int64? = nil) -> OutboundClient {
            var settings = OutboundClient.Settings()
            settings.policy = policy
            if let timeoutMilliseconds { settings.timeoutMilliseconds = timeoutMilliseconds }
            return OutboundClient(group: MultiThreadedEventLoopGroup.singleton, resolver: resolver, settings: settings)
        }
        func client(allowsPrivate: Bool, timeoutMilliseconds: Int64? = nil) -> OutboundClient {
            client(AddressPolicy(allowsPrivate: allowsPrivate), timeoutMilliseconds: timeoutMilliseconds)
        }
        let allowsPrivate = configuration.connections.allowsPrivateEndpoints
        providers = client(allowsPrivate: allowsPrivate)
        verification = client(allowsPrivate: allowsPrivate, timeoutMilliseconds: 10_000)
        events = client(allowsPrivate: true, timeoutMilliseconds: 5_000)
        engineControl = client(allowsPrivate: true, timeoutMilliseconds: 2_000)
        targets = client(configuration.outboundAddresses)
    }
}
