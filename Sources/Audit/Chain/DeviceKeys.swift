import Crypto
import Hashes
import SecretMemory

/// Keys of one device, from the barrier's two subkeys.
struct DeviceKeys: Sendable {
    let values: KeyedHash
    private let chain: SymmetricKey

    init(_ keys: AuditKeys, accessor: String) {
        values = Self.derive(keys.hmac, info: "coffer audit values v1:" + accessor).withUnsafeBytes { KeyedHash(key: $0) }
        chain = Self.chain(keys, accessor: accessor)
    }

    func segmentKey(_ segment: String) -> SecretBytes { Self.segmentKey(chain, segment) }

    /// The key that seals the lines of one segment.
    static func segmentKey(_ deviceChainKey: SymmetricKey, _ segment: String) -> SecretBytes {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: deviceChainKey, info: Array("coffer audit segment v1:\(segment)".utf8), outputByteCount: 32)
        return key.withUnsafeBytes { SecretBytes($0) }
    }

    static func chain(_ keys: AuditKeys, accessor: String) -> SymmetricKey {
        derive(keys.chain, info: "coffer audit chain v1:" + accessor)
    }

    private static func derive(_ key: SecretBytes, info: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key.withBytes { SymmetricKey(data: $0) }, info: Array(info.utf8), outputByteCount: 32)
    }
}
