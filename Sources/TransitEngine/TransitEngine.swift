package import EngineKit

/// Encryption as a service. Holds named keys; encrypts, signs and hashes what callers send and keeps none of it.
package struct TransitEngine: SecretsEngine, PeriodicEngine, CachingEngine {
    let store: KeyStore
    let making: KeyMaking
    let wrapping: WrappingKey
    private let rotation: AutomaticRotation

    package init(_ context: MountContext) {
        store = KeyStore(storage: context.storage, time: context.time, randomness: context.randomness)
        making = KeyMaking(time: context.time, randomness: context.randomness)
        wrapping = WrappingKey(storage: context.storage, making: making)
        rotation = AutomaticRotation(context)
    }

    package var paths: [EnginePath] {
        keyPaths + cipherPaths + signaturePaths + digestPaths + movingPaths + importingPaths + settingsPaths
    }

    package func runRound() async { await rotation.runRound(of: self) }
    package func drop(_ change: StorageChange) { store.drop(change) }
}

extension TransitEngine {
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
