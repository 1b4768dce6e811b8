import Ciphers
import EngineKit
import SecretMemory

/// Wraps keys for import: a new AES-256 key wraps the key (RFC 5649), and RSA-OAEP encrypts the AES key.
enum KeyWrapping {
    /// Returns the hash of OAEP that the field `hash_function` names.
    static func hash(_ name: String) throws(CofferError) -> HashAlgorithm {
        switch name.uppercased() {
        case "SHA1": return .sha1
        case "SHA224": return .sha224
        case "", "SHA256": return .sha256
        case "SHA384": return .sha384
        case "SHA512": return .sha512
        default: throw .invalid("unsupported hash function; it is SHA1, SHA224, SHA256, SHA384 or SHA512")
        }
    }

    /// Returns `secret` wrapped to `rsa`.
    static func wrap(
        _ secret: SecretBytes, to rsa: RSAKey, hash: HashAlgorithm, randomness: any Randomness
    ) throws(CofferError) -> [UInt8] {
        let key = SecretBytes(count: 32) { randomness.fill($0) }
        let first = try key.withBytes { bytes throws(CofferError) in try rsa.encrypt(bytes, hash: hash) }
        do throws(CipherError) {
            return try secret.withBytes { bytes throws(CipherError) in first + (try AESKeyWrapPadding.wrap(bytes, under: key)) }
        } catch {
            throw .invalid("the key could not be wrapped")
        }
    }

    /// Returns the key that was wrapped to `rsa`. All failures have the same error, because telling them apart would be a
    /// padding oracle.
    static func unwrap(_ wrapped: [UInt8], with rsa: RSAKey, _ hash: HashAlgorithm) throws(CofferError) -> SecretBytes {
        let failure = CofferError.invalid(
            "the wrapped key could not be opened with this server's wrapping key and the hash function")
        guard wrapped.count > rsa.byteCount else { throw failure }
        let key: SecretBytes
        do throws(CofferError) { key = try rsa.decrypt(Array(wrapped[..<rsa.byteCount]), hash) } catch { throw failure }
        guard key.count == 32 else { throw failure }
        do throws(CipherError) {
            return try AESKeyWrapPadding.unwrap(wrapped[rsa.byteCount...], under: key)
        } catch {
            throw failure
        }
    }
}
