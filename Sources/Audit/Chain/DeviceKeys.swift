import Crypto
import Hashes
import SecretMemory

/// The keys of one device, derived with HKDF-SHA256 from the two keys of the barrier.
struct DeviceKeys: Sendable {
    /// Hides values.
    let values: KeyedHash
    /// The key that all segment keys are derived from.
    private let chain: SymmetricKey

    /// Derives the keys of the device with this accessor.
    init(_ keys: AuditKeys, accessor: String) {
        values = Self.derive(keys.hmac, info: "coffer audit values v1:" + accessor).withUnsafeBytes { KeyedHash(key: $0) }
        chain = Self.chain(keys, accessor: accessor)
    }

    /// Returns the key that seals the lines of a segment.
    func segmentKey(_ segment: String) -> SecretBytes { Self.segmentKey(chain, segment) }

    /// Returns the key that seals the lines of a segment.
    static func segmentKey(_ deviceChainKey: SymmetricKey, _ segment: String) -> SecretBytes {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: deviceChainKey, info: Array("coffer audit segment v1:\(segment)".utf8), outputByteCount: 32)
        return key.withUnsafeBytes { SecretBytes($0) }
    }

    /// Returns the chain key of a device.
    static func chain(_ keys: AuditKeys, accessor: String) -> SymmetricKey {
        derive(keys.chain, info: "coffer audit chain v1:" + accessor)
    }

    private static func derive(_ key: SecretBytes, info: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key.withBytes { SymmetricKey(data: $0) }, info: Array(info.utf8), outputByteCount: 32)
    }
}
