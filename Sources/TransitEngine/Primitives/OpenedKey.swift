import EngineKit
import SecretMemory

/// A version of a key, parsed for use.
enum OpenedKey: Sendable {
    case cipher(SymmetricCipher)
    case message(MessageKey)
    case ecdsa(ECDSAKey)
    case rsa(RSAKey)
    case kem(KEMKey)
    case hmac

    init(_ version: KeyVersion) throws(CofferError) {
        let (type, publicKey) = (version.type, version.publicKey)
        guard let secret = version.secret else {
            switch type.family {
            case .message: self = .message(try MessageKey(type, publicKey: publicKey))
            case .ecdsa: self = .ecdsa(try ECDSAKey(type, publicDER: publicKey))
            case .rsa: self = .rsa(try RSAKey(type, publicDER: publicKey))
            case .kem: self = .kem(try KEMKey(type, publicKey: publicKey))
            case .cipher, .hmac: throw .invalid("the key is damaged")
            }
            return
        }
        switch type.family {
        case .cipher: self = .cipher(try SymmetricCipher(type, secret))
        case .hmac: self = .hmac
        case .message: self = .message(try MessageKey(type, seed: secret))
        case .ecdsa: self = .ecdsa(try ECDSAKey(type, scalar: secret))
        case .rsa: self = .rsa(try RSAKey(type, secretDER: secret))
        case .kem: self = .kem(try KEMKey(type, seed: secret))
        }
    }

    /// Returns a signature.
    ///
    /// - Parameter isRaw: Whether an ECDSA signature is the two numbers side by side (RFC 7518, 3.4) and not DER.
    func sign(_ input: SigningInput, isRaw: Bool) throws(CofferError) -> [UInt8] {
        switch self {
        case .message(let key): return try key.sign(input.digest)
        case .ecdsa(let key): return try key.sign(input.digest, isRaw: isRaw)
        case .rsa(let key): return try key.sign(input)
        case .cipher, .kem, .hmac: throw .invalid("message signing not supported for keys of this type")
        }
    }

    /// Whether the signature is that of the input. Throws if it does not have the form of a signature.
    func isValid(_ signature: [UInt8], _ input: SigningInput, isRaw: Bool) throws(CofferError) -> Bool {
        switch self {
        case .message(let key): return key.isValid(signature, input.digest)
        case .ecdsa(let key):
            guard let isValid = key.isValid(signature, input.digest, isRaw: isRaw) else {
                throw .invalid("supplied signature is invalid")
            }
            return isValid
        case .rsa(let key): return key.isValid(signature, input)
        case .cipher, .kem, .hmac: throw .invalid("message verification not supported for keys of this type")
        }
    }
}
