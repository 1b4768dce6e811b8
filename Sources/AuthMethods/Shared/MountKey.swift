import Crypto
import EngineKit
import SecretMemory
import Synchronization

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
        return Hex.text(hmac.finalize())
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

enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(64)
        for byte in bytes {
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
        return String(decoding: output, as: UTF8.self)
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2), digits.allSatisfy({ nibble($0) != nil }) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { (nibble(digits[$0]) ?? 0) << 4 | (nibble(digits[$0 + 1]) ?? 0) }
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
