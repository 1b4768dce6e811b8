import Crypto
import EngineKit
import Records
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
        // Of two nodes that make one at the same time, the second takes what the first has made.
        var bytes = try await storage.transact { batch throws(StorageError) in
            if let record = try await storage.get(Self.name) { return record.value }
            let made = randomness.bytes(Self.byteCount)
            batch.put(Self.name, made, if: .absent)
            return made
        }
        defer { zero(&bytes) }
        guard bytes.count == Self.byteCount else { throw .corrupted(key: Self.name) }
        let loaded = SymmetricKey(data: bytes)
        key.withLock { $0 = loaded }
        return loaded
    }
}
