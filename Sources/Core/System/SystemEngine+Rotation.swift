import Barrier
import EngineKit
import Logging
import Records
import Syntax

extension SystemEngine {
    var rotationPaths: [EnginePath] {
        ["rotate", "rotate/keyring"].map { path in
            EnginePath(
                PathPattern(path), "A new encryption key.", access: .sudo,
                endpoints: [
                    .update: .init("Seal with a new key from now on, and re-seal older records.") { _ in
                        try await core.rotateKey()
                        return .empty
                    }
                ])
        }
            + ["rotate/config", "rotate/keyring/config"].map { path in
                EnginePath(
                    PathPattern(path), "When the encryption key is rotated without being asked.",
                    fields: KeyRotation.settings.fields,
                    endpoints: [
                        .read: .init("Read the settings.", changesNothing: true) { _ in
                            .data(try await KeyRotation.load(core.storage).rotation.shown)
                        },
                        .update: .init("Change the settings.") { request in
                            var (rotation, version) = try await KeyRotation.load(core.storage)
                            try rotation.update(request.fields)
                            var batch = Batch()
                            batch.put(KeyRotation.key, rotation.encoded(), if: version.map { .version($0) } ?? .absent)
                            try await core.storage.commit(batch)
                            return .empty
                        },
                    ])
            }
    }
}

extension Core {
    func rotateKey() async throws {
        _ = try await seal.rotate()
        resealInBackground()
    }

    /// For the job that runs every minute.
    func rotateKeyIfDue() async throws {
        let rotation = try await KeyRotation.load(storage).rotation
        guard rotation.isDue(try seal.keyStatus(), at: environment.time.now()) else { return }
        try await rotateKey()
        logger.info("encryption key rotated automatically, per sys/rotate/config")
    }
}
