package import EngineKit

/// `transit`: keys that never leave, and what they do to data that never stays.
package let transitDescription = EngineDescription(
    type: "transit", summary: "Encryption, signatures and random bytes as a service; stores keys and no data."
) { context in TransitEngine(context) }

/// Encryption as a service. Holds named keys; encrypts, signs and hashes what callers send and keeps none of it.
package struct TransitEngine: SecretsEngine, PeriodicEngine, CachingEngine {
    package let paths: [EnginePath]
    private let rotation: AutomaticRotation
    private let store: KeyStore

    package init(_ context: MountContext) {
        store = KeyStore(storage: context.storage, time: context.time, randomness: context.randomness)
        let making = KeyMaking(time: context.time, randomness: context.randomness)
        let routes = TransitRoutes(
            store: store, making: making, wrapping: WrappingKey(storage: context.storage, making: making))
        paths =
            routes.keyPaths + routes.cipherPaths + routes.signaturePaths + routes.digestPaths + routes.movingPaths
            + routes.importingPaths + routes.settingsPaths
        rotation = AutomaticRotation(routes: routes, context: context)
    }

    package func runRound() async { await rotation.runRound() }
    package func drop(_ change: StorageChange) { store.drop(change) }
}

/// The routes of a mount, in one extension for each subject.
struct TransitRoutes: Sendable {
    let store: KeyStore
    let making: KeyMaking
    let wrapping: WrappingKey

    var randomness: any Randomness { store.randomness }

    /// Returns the key that an operation names.
    func key(_ request: Request) async throws -> TransitKey {
        guard let key = try await store.key(request.captures["name"]) else {
            throw CofferError.invalid("encryption key not found")
        }
        return key
    }
}
