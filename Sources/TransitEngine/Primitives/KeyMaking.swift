import EngineKit
import SecretMemory

/// Creates versions of keys, new ones and imported ones.
struct KeyMaking: Sendable {
    let time: any TimeSource
    let randomness: any Randomness

    /// Makes a version with a random key.
    func version(_ number: Int, _ settings: KeySettings) async throws -> KeyVersion {
        let type = settings.type
        switch type.family {
        case .hmac: return try version(number, type: type, secret: random(settings.size))
        case .rsa:
            // Generating an RSA key takes seconds.
            let bits = type.rsaBits ?? 2048
            let made = try await WorkThreads.patient.run { () throws(CofferError) in
                do { return try RSAKey.make(bits: bits) } catch { throw CofferError(.internal, "the key could not be made") }
            }
            return try version(number, type: type, secret: made.secret)
        case .ecdsa: return try version(number, type: type, secret: ECDSAKey.make(type))
        case .cipher, .message, .kem: return try version(number, type: type, secret: random(type.secretBytes ?? 32))
        }
    }

    /// Creates a version from a secret in the form that ``KeyVersion`` keeps. Throws if it is not a key of this type.
    func version(_ number: Int, type: KeyType, secret: SecretBytes) throws(CofferError) -> KeyVersion {
        if let size = type.secretBytes, secret.count != size { throw .invalid("the key has the wrong length for its type") }
        if type == .hmac, !KeySettings.hmacSizes.contains(secret.count) {
            throw .invalid("invalid key size for HMAC key, must be between 32 and 512 bytes")
        }
        let publicKey: [UInt8] =
            switch type.family {
            case .cipher, .hmac: []
            case .ecdsa: try ECDSAKey(type, scalar: secret).publicDER
            case .rsa: try RSAKey(type, secretDER: secret).publicDER
            case .message: try MessageKey(type, seed: secret).publicKey
            case .kem: try KEMKey(type, seed: secret).publicKey
            }
        return KeyVersion(
            number: number, created: time.now(), type: type, secret: secret, publicKey: publicKey,
            hmacKey: type == .hmac ? secret : random(KeySettings.hmacKeyBytes))
    }

    /// Creates a version of a key whose private part is kept elsewhere. Throws if it is not a key of this type.
    func version(_ number: Int, type: KeyType, publicKey: [UInt8]) throws(CofferError) -> KeyVersion {
        let version = KeyVersion(
            number: number, created: time.now(), type: type, secret: nil, publicKey: publicKey,
            hmacKey: random(KeySettings.hmacKeyBytes))
        _ = try version.key
        return version
    }

    /// Returns `count` random bytes.
    func random(_ count: Int) -> SecretBytes { SecretBytes(count: count) { randomness.fill($0) } }
}
