import EngineKit
import Records
import SecretMemory
import Synchronization

/// The RSA-4096 key of a mount, to which clients encrypt keys for import. It is created when it is first asked for.
final class WrappingKey: Sendable {
    private let storage: any Storage
    private let making: KeyMaking
    private let lines = WriterQueues()
    private let opened = Mutex<RSAKey?>(nil)

    static let name = "wrapping-key"

    init(storage: any Storage, making: KeyMaking) {
        self.storage = storage
        self.making = making
    }

    /// Returns the key, and makes it if it does not exist.
    func key() async throws -> RSAKey {
        if let key = opened.withLock({ $0 }) { return key }
        return try await lines.inTurn(Self.name) {
            var made: [UInt8] = []
            defer { zero(&made) }
            // If two nodes create a key at the same time, the second one uses that of the first.
            var stored = try await storage.transact { batch in
                if let record = try await storage.get(Self.name) { return record.value }
                made = try await making.version(1, KeySettings(type: .rsa4096)).privateSecret.withBytes { Array($0) }
                batch.put(Self.name, made, if: .absent)
                return made
            }
            defer { zero(&stored) }
            guard let key = try? RSAKey(.rsa4096, secretDER: SecretBytes(stored)) else {
                throw StorageError.corrupted(key: Self.name)
            }
            opened.withLock { $0 = key }
            return key
        }
    }
}
