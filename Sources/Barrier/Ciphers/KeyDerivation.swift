import Crypto
import FoundationEssentials
import SecretMemory

/// Derives keys from keys with HKDF-SHA256 (RFC 5869).
enum KeyDerivation {
    /// The length of every key of the barrier.
    static let keyBytes = 32

    /// Derives a 256-bit key for the purpose `info`.
    static func key(from secret: SecretBytes, salt: [UInt8] = [], info: String) -> SecretBytes {
        derive(from: secret, salt: salt, info: Array(info.utf8), count: keyBytes).withUnsafeBytes { SecretBytes($0) }
    }

    /// Returns a value that shows whether two keys are equal, and reveals nothing else about them.
    static func checkValue(of key: SecretBytes, count: Int = 16) -> [UInt8] {
        derive(from: key, salt: [], info: Array("coffer/key-check/v1".utf8), count: count).withUnsafeBytes { Array($0) }
    }

    /// Derives `count` bytes.
    static func derive(from secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int) -> SymmetricKey {
        let input = secret.withBytes { SymmetricKey(data: $0) }
        return HKDF<SHA256>.deriveKey(inputKeyMaterial: input, salt: salt, info: info, outputByteCount: count)
    }
}
