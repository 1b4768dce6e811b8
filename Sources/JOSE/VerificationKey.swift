import Crypto
import CryptoExtras

/// A key that verifies signatures, with what it may be used for.
package struct VerificationKey: Sendable {
    enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
        case secret(SymmetricKey)
    }

    /// The identifier by which tokens name the key; nil for a key without one, which is tried with every token.
    package let id: String?
    /// The only algorithm that the key may be used with; nil for all that its kind allows.
    let algorithm: SignatureAlgorithm?
    let material: Material

    init(id: String?, algorithm: SignatureAlgorithm? = nil, _ material: Material) {
        self.id = id
        self.algorithm = algorithm
        self.material = material
    }

    /// The fewest bytes of a shared secret: those of the hash (RFC 7518, 3.2).
    package static let secretBytesMin = 32

    /// Creates the key for HS256 from a secret that the signer has as well.
    ///
    /// Only this makes such a key. No document that is fetched and no PEM text does, so no public key can be used as a secret.
    ///
    /// - Throws: ``JOSEError/badKey`` if the secret is shorter than ``secretBytesMin``.
    package init(sharedSecret: [UInt8]) throws(JOSEError) {
        guard sharedSecret.count >= Self.secretBytesMin else { throw .badKey }
        self.init(id: nil, algorithm: .hs256, .secret(SymmetricKey(data: sharedSecret)))
    }

    /// Whether the key is of the kind that the algorithm needs, and may be used with it.
    package func allows(_ algorithm: SignatureAlgorithm) -> Bool {
        guard self.algorithm == nil || self.algorithm == algorithm else { return false }
        switch (material, algorithm) {
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512): return true
        case (.p256, .es256), (.p384, .es384), (.p521, .es512), (.ed25519, .edDSA), (.secret, .hs256): return true
        default: return false
        }
    }

    /// Returns whether this key signed the token, with an algorithm that the key allows.
    package func verifies(_ token: SignedToken) -> Bool {
        guard allows(token.algorithm) else { return false }
        switch material {
        case .rsa(let key): return verifies(token, key)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: token.signature) else { return false }
            return key.isValidSignature(signature, for: token.signed)
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: token.signature) else { return false }
            return key.isValidSignature(signature, for: token.signed)
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: token.signature) else { return false }
            return key.isValidSignature(signature, for: token.signed)
        case .ed25519(let key): return key.isValidSignature(token.signature, for: token.signed)
        case .secret(let key):
            // Compares in constant time.
            return HMAC<SHA256>.isValidAuthenticationCode(token.signature, authenticating: token.signed, using: key)
        }
    }

    private func verifies(_ token: SignedToken, _ key: _RSA.Signing.PublicKey) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: token.signature)
        let padding: _RSA.Signing.Padding
        switch token.algorithm {
        case .ps256, .ps384, .ps512: padding = .PSS
        default: padding = .insecurePKCS1v1_5
        }
        switch token.algorithm {
        case .rs256, .ps256: return key.isValidSignature(signature, for: SHA256.hash(data: token.signed), padding: padding)
        case .rs384, .ps384: return key.isValidSignature(signature, for: SHA384.hash(data: token.signed), padding: padding)
        case .rs512, .ps512: return key.isValidSignature(signature, for: SHA512.hash(data: token.signed), padding: padding)
        default: return false
        }
    }
}
