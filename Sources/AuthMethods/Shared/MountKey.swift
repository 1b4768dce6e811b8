import Crypto
import EngineKit
import LoginGuards
import Records
import SecretMemory
import Synchronization
import Syntax

/// A random key of a mount. Records are named by an HMAC under it.
///
/// The barrier encrypts it in the mount's storage, and it is deleted with the mount.
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

    /// Returns the HMAC-SHA256 of the parts in lower-case hex. The purpose separates equal texts of different kinds.
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
        // If two nodes make a key at the same time, the second uses the key of the first.
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

extension Lockouts {
    /// Creates the lockouts of an auth mount, whose records do not have the names of callers.
    init(_ context: MountContext, key: MountKey) {
        self.init(storage: context.storage, time: context.time, rules: context.lockout) { name throws(StorageError) in
            try await key.hash("lockout/v1", name)
        }
    }
}
