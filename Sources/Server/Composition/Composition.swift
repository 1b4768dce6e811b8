import Core
import ServiceAPI
import ServiceLifecycle

/// The parts of a server, put together.
struct Composition: Sendable {
    var pipeline: any Pipeline
    /// Background work. It ends after the listeners.
    var services: [any Service] = []
    /// Called on SIGHUP, after the configuration was read again.
    var reload: @Sendable () async -> Void = {}
    /// The parts of the Service API, or nil if no service is configured.
    var serviceAPI: ServiceComposition?
    /// Seals the core and closes the storage. Called after everything else has ended.
    var close: @Sendable () async -> Void = {}
    /// Lines to print once the server listens, such as the root token of dev mode.
    var announcement: [String] = []
}

/// The parts of the Service API that are kept when the configuration is read again.
struct ServiceComposition: Sendable {
    var settings: ServiceSettings
    var directory: ServiceDirectory
    var verifier: any ProviderVerifier
}
