import Crypto
import EngineKit
import SecretMemory
import Synchronization
import Syntax

/// A mount's own random key: names records by what they hold without telling it.
///
/// It lies in the mount's storage, sealed by the barrier, and goes with the mount.
final class MountKey: Sendable {
    private let storage: any Storage
    private let randomness: any Randomness
    private let key = Mutex<SymmetricKey?>(nil)

    private static let name = "key"
    private static let byteCount = 32

    init(storage: any Storage, randomness: any Randomness) {
        self.storage = storage
        self.randomness = randomness
    }

    /// Lower-case hex of HMAC-SHA256. The purpose keeps equal texts of two kinds apart.
    func hash(_ purpose: StaticString, _ parts: String...) async throws(StorageError) -> String {
        var hmac = HMAC<SHA256>(key: try await loaded())
        purpose.withUTF8Buffer { hmac.update(data: $0) }
        for part in parts {
            var count = UInt64(part.utf8.count).bigEndian
            withUnsafeBytes(of: &count) { hmac.update(data: $0) }
            var part = part
            part.withUTF8 { hmac.update(data: $0) }
        }
        return Hex.encode(hmac.finalize())
    }

    private func loaded() async throws(StorageError) -> SymmetricKey {
        if let key = key.withLock({ $0 }) { return key }
        while true {
            if let record = try await storage.get(Self.name) {
                guard record.value.count == Self.byteCount else { throw .corrupted(key: Self.name) }
                let loaded = SymmetricKey(data: record.value)
                key.withLock { $0 = loaded }
                return loaded
            }
            var bytes = randomness.bytes(Self.byteCount)
            defer { zero(&bytes) }
            var batch = Batch()
            batch.put(Self.name, bytes, if: .absent)
            // Whoever was first decides; reading again tells.
            _ = try await storage.commitIfUnchanged(batch)
        }
    }
}
