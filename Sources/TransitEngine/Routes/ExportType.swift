import Certificates
import EngineKit
import SecretMemory
import Syntax

/// What `export` returns of a key. The raw value is its name in the Vault API.
enum ExportType: String {
    case encryptionKey = "encryption-key"
    case signingKey = "signing-key"
    case hmacKey = "hmac-key"
    case publicKey = "public-key"
    case certificateChain = "certificate-chain"

    var isPublic: Bool { self == .publicKey || self == .certificateChain }

    /// Returns this part of a version. Throws if the type of the key has no such part.
    func text(_ key: TransitKey, _ version: KeyVersion) throws(CofferError) -> String {
        switch self {
        case .encryptionKey:
            guard key.type.encrypts else { throw .invalid("encryption-key export not supported for key type \(key.type.rawValue)") }
            return try Self.secretText(version)
        case .signingKey:
            guard key.type.signs else { throw .invalid("signing-key export not supported for key type \(key.type.rawValue)") }
            return try Self.secretText(version)
        case .hmacKey: return version.hmacKey.withBytes { Base64.encode($0) }
        case .publicKey:
            guard key.type.isAsymmetric else { throw .invalid("public-key export not supported for key type \(key.type.rawValue)") }
            return Self.publicText(version)
        case .certificateChain:
            guard !version.certificates.isEmpty else {
                throw .invalid("no certificate chain found for version \(version.number) of the key")
            }
            return Self.chainText(version)
        }
    }

    /// Returns the public key: PEM for RSA and ECDSA, base64 for all others.
    static func publicText(_ version: KeyVersion) -> String {
        switch version.type.family {
        case .rsa, .ecdsa: PEM.text(version.publicKey, label: .publicKey)
        default: Base64.encode(version.publicKey)
        }
    }

    /// Returns the certificates in PEM, the leaf first.
    static func chainText(_ version: KeyVersion) -> String {
        version.certificates.map { PEM.text($0, label: .certificate) }.joined()
    }

    private static func secretText(_ version: KeyVersion) throws(CofferError) -> String {
        let secret = try version.privateSecret
        return try secret.withBytes { bytes throws(CofferError) in
            switch version.type.family {
            case .rsa: PEM.text(bytes, label: .rsaPrivateKey)
            case .ecdsa: PEM.text(try sec1(version, scalar: bytes), label: .ecPrivateKey)
            // The seed followed by the public key, as Go encodes a private key and clients of Vault expect.
            case .message where version.type == .ed25519: Base64.encode(Array(bytes) + version.publicKey)
            default: Base64.encode(bytes)
            }
        }
    }

    /// Returns the private key in a form that `import` accepts: DER for ECDSA and RSA, raw bytes or a seed for all other
    /// types.
    static func importable(_ version: KeyVersion) throws(CofferError) -> SecretBytes {
        let secret = try version.privateSecret
        guard version.type.family == .ecdsa else { return secret }
        return try secret.withBytes { bytes throws(CofferError) in
            var der = try sec1(version, scalar: bytes)
            defer { zero(&der) }
            return SecretBytes(der)
        }
    }

    private static func sec1(_ version: KeyVersion, scalar: UnsafeRawBufferPointer) throws(CofferError) -> [UInt8] {
        guard let publicKey = version.publicKeyInfo else { throw CofferError(.internal, "the key's public part is damaged") }
        var scalar = Array(scalar)
        defer { zero(&scalar) }
        return ECPrivateKey(scalar: scalar, publicKey: publicKey).der
    }
}
