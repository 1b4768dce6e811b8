import EngineKit
import StoreKit
import Synchronization

extension MemoryStorage {
    /// One record, as a server found it.
    static func holding(_ records: [String: [UInt8]]) async throws -> MemoryStorage {
        let storage = MemoryStorage()
        var batch = Batch()
        for (key, value) in records { batch.put(key, value, version: 1) }
        try await storage.commit(batch)
        return storage
    }

    func bytes(_ key: String) async throws -> [UInt8] { try required(await get(key)).value }
}

/// Gives the bytes that a record was once made with: nonces, keys.
final class KnownRandomness: Randomness {
    private let bytes: Mutex<[UInt8]>

    init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        bytes.withLock { bytes in
            buffer.copyBytes(from: bytes.prefix(buffer.count))
            bytes.removeFirst(min(buffer.count, bytes.count))
        }
    }
}

/// 32 bytes, counting up from the first.
func countingBytes(from first: UInt8, count: Int = 32) -> [UInt8] { (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) } }

/// The moment that the golden records were made at.
let goldenMoment = Timestamp(nanoseconds: 1_700_000_000_123_456_789)
