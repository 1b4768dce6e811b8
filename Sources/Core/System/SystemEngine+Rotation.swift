import Barrier
import EngineKit
import Logging
import Records
import Syntax

extension SystemEngine {
    /// The paths that rotate the encryption key.
    var rotationPaths: [EnginePath] {
        ["rotate", "rotate/keyring"].map { path in
            EnginePath(PathPattern(path), "Rotates the encryption key.", access: .sudo)
                .updatingWithoutAnswer("Create a new encryption key, and re-encrypt older records with it.") { _ in
                    try await core.rotateKey()
                }
        }
            + ["rotate/config", "rotate/keyring/config"].map { path in
                EnginePath(
                    PathPattern(path), "Configures the automatic rotation of the encryption key.",
                    fields: KeyRotation.settings.fields
                )
                .reading("Read the settings.") { _ in .data(try await KeyRotation.load(core.storage).rotation.shown) }
                .updatingWithoutAnswer("Change the settings.") { request in
                    var (rotation, version) = try await KeyRotation.load(core.storage)
                    try rotation.update(request.fields)
                    try await core.storage.put(KeyRotation.key, rotation.encoded(), if: version.map { .version($0) } ?? .absent)
                }
            }
    }
}

extension Core {
    /// Creates a new encryption key, and re-encrypts older records in the background.
    func rotateKey() async throws {
        _ = try await seal.rotate()
        resealInBackground()
    }

    /// Rotates the encryption key if its settings say so. A job calls it every minute.
    func rotateKeyIfDue() async throws {
        let rotation = try await KeyRotation.load(storage).rotation
        guard rotation.isDue(try seal.keyStatus(), at: environment.time.now()) else { return }
        try await rotateKey()
        logger.info("rotated the encryption key automatically, as sys/rotate/config asks")
    }
}
