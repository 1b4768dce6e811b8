import EngineKit
import SecretMemory
import Synchronization

/// The mount's RSA-4096 key that others encrypt their keys to. Made when it is first asked for.
final class WrappingKey: Sendable {
    private let storage: any Storage
    private let making: KeyMaking
    private let lines = WriterLines()
    private let opened = Mutex<RSAKey?>(nil)

    static let name = "wrapping-key"

    init(storage: any Storage, making: KeyMaking) {
        self.storage = storage
        self.making = making
    }

    func key() async throws -> RSAKey {
        if let key = opened.withLock({ $0 }) { return key }
        return try await lines.inTurn(Self.name) {
            while true {
                if let record = try await storage.get(Self.name) {
                    guard let key = try? RSAKey(.rsa4096, secretDER: SecretBytes(record.value)) else {
                        throw StorageError.corrupted(key: Self.name)
                    }
                    opened.withLock { $0 = key }
                    return key
                }
                let made = try await making.version(1, KeySettings(type: .rsa4096)).privateSecret
                var record = made.withBytes { Array($0) }
                defer { zero(&record) }
                var batch = Batch()
                batch.put(Self.name, record, if: .absent)
                // Whoever was first decides; reading again tells.
                _ = try await storage.commitIfUnchanged(batch)
            }
        }
    }
}
