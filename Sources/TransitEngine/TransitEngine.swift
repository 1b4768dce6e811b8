package import EngineKit

/// The engine `transit`: encryption as a service. It keeps named keys, and encrypts, signs and hashes data that it does not
/// keep.
package struct TransitEngine: SecretsEngine, PeriodicEngine, CachingEngine {
    let store: KeyStore
    let making: KeyMaking
    let wrapping: WrappingKey
    private let rotation: AutomaticRotation

    /// Creates the engine of a mount.
    package init(_ context: MountContext) {
        store = KeyStore(storage: context.storage, time: context.time, randomness: context.randomness)
        making = KeyMaking(time: context.time, randomness: context.randomness)
        wrapping = WrappingKey(storage: context.storage, making: making)
        rotation = AutomaticRotation(context)
    }

    /// The paths of the engine.
    package var paths: [EnginePath] {
        keyPaths + cipherPaths + signaturePaths + digestPaths + movingPaths + importingPaths + settingsPaths
    }

    /// Rotates the keys that are due.
    package func runRound() async { await rotation.runRound(of: self) }
    /// Removes the keys from the cache that another node has changed.
    package func drop(_ change: StorageChange) { store.drop(change) }
}

extension TransitEngine {
    /// The type of the engine.
    package static let description = EngineDescription(
        type: "transit", summary: "Encryption, signatures and random bytes as a service; stores keys and no data."
    ) { context in TransitEngine(context) }

    var randomness: any Randomness { store.randomness }

    /// Returns the key that an operation names.
    func key(_ request: Request) async throws -> TransitKey {
        guard let key = try await store.key(request.captures["name"]) else {
            throw CofferError.invalid("encryption key not found")
        }
        return key
    }
}
