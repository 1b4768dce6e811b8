import Core
import ServiceAPI
import ServiceLifecycle

/// What the rooms below give the server.
struct Composition: Sendable {
    var pipeline: any Pipeline
    /// Background work. It ends after the listeners have.
    var services: [any Service] = []
    /// On SIGHUP, after the configuration was read again.
    var reload: @Sendable () async -> Void = {}
    /// nil when the Service API is not spoken.
    var serviceAPI: ServiceComposition?
    /// After everything else has ended: seals, and closes the storage.
    var close: @Sendable () async -> Void = {}
    /// What dev mode prints for its user; empty otherwise.
    var announcement: [String] = []
}

/// The Service API's parts that outlive one reading of the configuration.
struct ServiceComposition: Sendable {
    var settings: ServiceSettings
    var directory: ServiceDirectory
    var verifier: any ProviderVerifier
}
