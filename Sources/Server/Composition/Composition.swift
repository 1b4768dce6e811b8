import Core
import ServiceLifecycle

/// What the rooms below give the server.
struct Composition: Sendable {
    var pipeline: any Pipeline
    /// Background work. It ends after the listeners have.
    var services: [any Service] = []
    /// On SIGHUP, after the configuration was read again.
    var reload: @Sendable () async -> Void = {}
    /// After everything else has ended: seals, and closes the storage.
    var close: @Sendable () async -> Void = {}
    /// What dev mode prints for its user; empty otherwise.
    var announcement: [String] = []
}
