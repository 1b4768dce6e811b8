import Crypto
import FoundationEssentials
import SecretMemory

/// HKDF-SHA256 (RFC 5869), for keys from keys.
enum KeyDerivation {
    static let keyBytes = 32

    static func key(from secret: SecretBytes, salt: [UInt8] = [], info: String) -> SecretBytes {
        derive(from: secret, salt: salt, info: Array(info.utf8), count: keyBytes).withUnsafeBytes { SecretBytes($0) }
    }

    /// A value that tells whether this is the key, and nothing else about it.
    static func checkValue(of key: SecretBytes, count: Int = 16) -> [UInt8] {
        derive(from: key, salt: [], info: Array("coffer/key-check/v1".utf8), count: count).withUnsafeBytes { Array($0) }
    }

    static func derive(from secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int) -> SymmetricKey {
        let input = secret.withBytes { SymmetricKey(data: $0) }
        return HKDF<SHA256>.deriveKey(inputKeyMaterial: input, salt: salt, info: info, outputByteCount: count)
    }
}
