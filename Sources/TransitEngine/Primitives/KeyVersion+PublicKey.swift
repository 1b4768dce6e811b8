import Certificates
import EngineKit

extension KeyType {
    /// The algorithm of a public key that is kept as raw bytes. Nil for types without such an algorithm, and for types that
    /// keep the algorithm with the key.
    var rawKeyAlgorithm: AlgorithmIdentifier? {
        switch self {
        case .ed25519: .ed25519
        case .mlDSA65: .mlDSA65
        case .mlDSA87: .mlDSA87
        default: nil
        }
    }

    /// How certificate requests are signed: the algorithm, and the hash that is applied first, if any. Nil for types that
    /// cannot sign.
    var requestSignature: (algorithm: AlgorithmIdentifier, hash: HashAlgorithm?)? {
        switch self {
        case .p256: (.ecdsaWithSHA256, .sha256)
        case .p384: (.ecdsaWithSHA384, .sha384)
        case .p521: (.ecdsaWithSHA512, .sha512)
        case .rsa2048, .rsa3072, .rsa4096: (.sha256WithRSAEncryption, .sha256)
        default: rawKeyAlgorithm.map { ($0, nil) }
        }
    }
}

extension KeyVersion {
    /// The public key in the form that certificates contain, or nil for a type that cannot be certified.
    var publicKeyInfo: SubjectPublicKeyInfo? {
        if let algorithm = type.rawKeyAlgorithm { return SubjectPublicKeyInfo(algorithm: algorithm, key: publicKey) }
        guard type.family == .ecdsa || type.family == .rsa else { return nil }
        return try? SubjectPublicKeyInfo(der: publicKey)
    }
}
