import Crypto
import SecretMemory

/// HMAC-SHA256 with the key's two blocks already hashed, which halves the cost for short values.
struct KeyedHash: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    /// A key of at most 64 bytes.
    init(key: SymmetricKey) {
        var block = [UInt8](repeating: 0, count: SHA256.blockByteCount)
        key.withUnsafeBytes { bytes in
            precondition(bytes.count <= block.count)  // Keys here are always 32 bytes.
            for (index, byte) in bytes.enumerated() { block[index] = byte }
        }
        inner = Self.started(&block, mask: 0x36)
        outer = Self.started(&block, mask: 0x36 ^ 0x5C)
        zero(&block)
    }

    private static func started(_ block: inout [UInt8], mask: UInt8) -> SHA256 {
        for index in block.indices { block[index] ^= mask }
        var hash = SHA256()
        block.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash
    }

    @inline(__always)
    func code(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        var inner = inner
        inner.update(bufferPointer: bytes)
        var outer = outer
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize()
    }

    @inline(__always)
    func appendHex(of bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        code(bytes).withUnsafeBytes { Hex.append($0, to: &output) }
    }
}

/// Keys of one device, from the barrier's two subkeys.
struct DeviceKeys: Sendable {
    let values: KeyedHash
    private let chain: SymmetricKey

    init(_ keys: AuditKeys, accessor: String) {
        values = KeyedHash(key: Self.derive(keys.hmac, info: "coffer audit values v1:" + accessor))
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

extension KeyedHash {
    init(key: SecretBytes) { self.init(key: key.withBytes { SymmetricKey(data: $0) }) }
}
