import Certificates
import Crypto
import CryptoExtras
package import Syntax

extension VerificationKey {
    /// The longest RSA modulus, in bytes: 8,192 bits. The time that a signature takes grows with the square of it.
    private static let modulusBytesMax = 1_024
    /// The longest RSA exponent, in bytes.
    private static let exponentBytesMax = 4

    /// Reads a public key as a JWK (RFC 7517).
    ///
    /// A symmetric key is refused: a document that others can read holds no secret. So is a private key, because whoever can read
    /// it can sign.
    ///
    /// - Throws: ``JOSEError/badKey`` if it is not a public key for signatures of a supported kind.
    package init(jwk: JSONObject) throws(JOSEError) {
        guard jwk["d"] == nil, jwk["k"] == nil, jwk["use"].map({ $0 == "sig" }) ?? true,
            jwk["key_ops"].map({ $0.arrayValue?.contains("verify") == true }) ?? true
        else { throw .badKey }
        var id: String?
        if let member = jwk["kid"] {
            guard let text = member.stringValue, text.utf8.count <= SignedToken.keyIDBytesMax else { throw .badKey }
            id = text.isEmpty ? nil : text
        }
        var algorithm: SignatureAlgorithm?
        if let member = jwk["alg"] {
            guard let known = member.stringValue.flatMap(SignatureAlgorithm.init(rawValue:)) else { throw .badKey }
            algorithm = known
        }
        let key = VerificationKey(id: id, algorithm: algorithm, try Self.material(jwk))
        // An algorithm that the key cannot be used with would make it useless; whoever published it made a mistake.
        guard algorithm.map({ key.allows($0) }) ?? true else { throw .badKey }
        self = key
    }

    private static func material(_ jwk: JSONObject) throws(JOSEError) -> Material {
        func bytes(_ name: String) throws(JOSEError) -> [UInt8] {
            guard let bytes = jwk[name]?.stringValue.flatMap({ Base64.decode($0, as: .url, allowing: .anyAlphabet) }) else {
                throw .badKey
            }
            return bytes
        }
        func point(_ size: Int) throws(JOSEError) -> [UInt8] {
            let (x, y) = (try bytes("x"), try bytes("y"))
            guard x.count == size, y.count == size else { throw .badKey }
            return x + y
        }
        let material: Material?
        switch (jwk["kty"]?.stringValue, jwk["crv"]?.stringValue) {
        case ("RSA", _): material = try rsa(modulus: try bytes("n"), exponent: try bytes("e"))
        case ("EC", "P-256"): material = (try? P256.Signing.PublicKey(rawRepresentation: try point(32))).map { .p256($0) }
        case ("EC", "P-384"): material = (try? P384.Signing.PublicKey(rawRepresentation: try point(48))).map { .p384($0) }
        case ("EC", "P-521"): material = (try? P521.Signing.PublicKey(rawRepresentation: try point(66))).map { .p521($0) }
        case ("OKP", "Ed25519"):
            material = (try? Curve25519.Signing.PublicKey(rawRepresentation: try bytes("x"))).map { .ed25519($0) }
        default: material = nil
        }
        guard let material else { throw .badKey }
        return material
    }

    private static func rsa(modulus: [UInt8], exponent: [UInt8]) throws(JOSEError) -> Material {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard modulus.count <= modulusBytesMax, (1...exponentBytesMax).contains(exponent.count),
            let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
        else { throw .badKey }
        return .rsa(key)
    }
}

extension VerificationKey {
    /// Reads a public key as PEM: a "PUBLIC KEY" (RFC 5280), or the key of a "CERTIFICATE", which is not checked in any other way.
    /// The key has no identifier.
    ///
    /// - Throws: ``JOSEError/badKey`` if it is not one document with a key of a supported kind.
    package init(pem text: String) throws(JOSEError) {
        if let documents = PEM.documents(in: text, label: .publicKey), documents.count == 1 {
            try self.init(der: documents[0])
        } else if let documents = PEM.documents(in: text, label: .certificate), documents.count == 1 {
            guard let certificate = try? CertifiedKey(der: documents[0]) else { throw .badKey }
            try self.init(der: certificate.publicKey.der)
        } else {
            throw .badKey
        }
    }

    /// What precedes the 32 bytes of an Ed25519 key in its DER form (RFC 8410, 4).
    private static let ed25519Prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    /// An RSA key of ``modulusBytesMax`` has fewer bytes than this.
    private static let derBytesMax = 1_200

    private init(der: [UInt8]) throws(JOSEError) {
        guard der.count <= Self.derBytesMax else { throw .badKey }
        let material: Material
        if der.starts(with: Self.ed25519Prefix),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: der.dropFirst(Self.ed25519Prefix.count))
        {
            material = .ed25519(key)
        } else if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
            material = .p256(key)
        } else if let key = try? P384.Signing.PublicKey(derRepresentation: der) {
            material = .p384(key)
        } else if let key = try? P521.Signing.PublicKey(derRepresentation: der) {
            material = .p521(key)
        } else if let key = try? _RSA.Signing.PublicKey(derRepresentation: der) {
            material = .rsa(key)
        } else {
            throw .badKey
        }
        self.init(id: nil, material)
    }
}
