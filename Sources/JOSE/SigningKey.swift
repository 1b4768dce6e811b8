import Crypto
import CryptoExtras
import Foundation
package import Syntax

/// A private key that signs tokens.
package struct SigningKey: Sendable {
    private enum Material: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    /// The algorithm that the key signs with.
    package let algorithm: SignatureAlgorithm
    private let material: Material

    /// Generates a key. RSA keys have 2,048 bits.
    ///
    /// - Throws: ``JOSEError/badKey`` for a symmetric algorithm.
    package init(generating algorithm: SignatureAlgorithm) throws(JOSEError) {
        self.algorithm = algorithm
        switch algorithm {
        case .hs256: throw .badKey
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
            guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { throw .badKey }
            material = .rsa(key)
        case .es256: material = .p256(P256.Signing.PrivateKey())
        case .es384: material = .p384(P384.Signing.PrivateKey())
        case .es512: material = .p521(P521.Signing.PrivateKey())
        case .edDSA: material = .ed25519(Curve25519.Signing.PrivateKey())
        }
    }

    /// Reads a key that ``stored`` wrote.
    ///
    /// - Throws: ``JOSEError/badKey`` if the bytes are not a key for the algorithm.
    package init(_ algorithm: SignatureAlgorithm, stored: [UInt8]) throws(JOSEError) {
        self.algorithm = algorithm
        let material: Material?
        switch algorithm {
        case .hs256: material = nil
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
            material = (try? _RSA.Signing.PrivateKey(derRepresentation: stored)).map { .rsa($0) }
        case .es256: material = (try? P256.Signing.PrivateKey(rawRepresentation: stored)).map { .p256($0) }
        case .es384: material = (try? P384.Signing.PrivateKey(rawRepresentation: stored)).map { .p384($0) }
        case .es512: material = (try? P521.Signing.PrivateKey(rawRepresentation: stored)).map { .p521($0) }
        case .edDSA: material = (try? Curve25519.Signing.PrivateKey(rawRepresentation: stored)).map { .ed25519($0) }
        }
        guard let material else { throw .badKey }
        self.material = material
    }

    /// The private key: DER for RSA, and the bare number or seed for all others.
    package var stored: [UInt8] {
        switch material {
        case .rsa(let key): Array(key.derRepresentation)
        case .p256(let key): Array(key.rawRepresentation)
        case .p384(let key): Array(key.rawRepresentation)
        case .p521(let key): Array(key.rawRepresentation)
        case .ed25519(let key): Array(key.rawRepresentation)
        }
    }

    /// Returns the public key as a JWK (RFC 7517), with its identifier, algorithm and use.
    ///
    /// - Throws: ``JOSEError/badKey`` if the numbers of an RSA key cannot be read.
    package func publicJWK(id: String) throws(JOSEError) -> JSONObject {
        let members: JSONObject
        switch material {
        case .rsa(let key):
            guard let numbers = try? key.publicKey.getKeyPrimitives() else { throw .badKey }
            members = ["kty": "RSA", "n": Self.text(numbers.modulus), "e": Self.text(numbers.publicExponent)]
        case .p256(let key): members = Self.point("P-256", key.publicKey.rawRepresentation)
        case .p384(let key): members = Self.point("P-384", key.publicKey.rawRepresentation)
        case .p521(let key): members = Self.point("P-521", key.publicKey.rawRepresentation)
        case .ed25519(let key):
            members = ["kty": "OKP", "crv": "Ed25519", "x": Self.text(key.publicKey.rawRepresentation)]
        }
        let all = [JSONObject.Member(key: "use", value: "sig"), .init(key: "kid", value: .string(id))] + members.members
        return JSONObject(all + [.init(key: "alg", value: .string(algorithm.rawValue))])
    }

    private static func text(_ bytes: Data) -> JSON { .string(Base64.encode(bytes, as: .url)) }

    private static func point(_ curve: String, _ raw: Data) -> JSONObject {
        let bytes = Array(raw)
        let half = bytes.count / 2
        return [
            "kty": "EC", "crv": .string(curve), "x": .string(Base64.encode(bytes[..<half], as: .url)),
            "y": .string(Base64.encode(bytes[half...], as: .url)),
        ]
    }

    /// Returns the claims as a signed token in compact form.
    ///
    /// - Parameters:
    ///   - claims: The payload.
    ///   - keyID: The identifier under which verifiers find the public key; nil for none.
    ///   - type: What the header says that the token is.
    /// - Throws: ``JOSEError/signingFailed``.
    package func sign(_ claims: JSONObject, keyID: String?, type: String = "JWT") throws(JOSEError) -> String {
        var header: JSONObject = ["alg": .string(algorithm.rawValue), "typ": .string(type)]
        if let keyID { header["kid"] = .string(keyID) }
        let signed = Base64.encode(header.encoded(), as: .url) + "." + Base64.encode(claims.encoded(), as: .url)
        return signed + "." + Base64.encode(try signature(of: Array(signed.utf8)), as: .url)
    }

    private func signature(of signed: [UInt8]) throws(JOSEError) -> [UInt8] {
        do {
            switch material {
            case .rsa(let key): return try rsaSignature(of: signed, key)
            case .p256(let key): return Array(try key.signature(for: signed).rawRepresentation)
            case .p384(let key): return Array(try key.signature(for: signed).rawRepresentation)
            case .p521(let key): return Array(try key.signature(for: signed).rawRepresentation)
            case .ed25519(let key): return Array(try key.signature(for: signed))
            }
        } catch { throw .signingFailed }
    }

    private func rsaSignature(of signed: [UInt8], _ key: _RSA.Signing.PrivateKey) throws -> [UInt8] {
        switch algorithm {
        case .rs256: Array(try key.signature(for: SHA256.hash(data: signed), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .rs384: Array(try key.signature(for: SHA384.hash(data: signed), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .rs512: Array(try key.signature(for: SHA512.hash(data: signed), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .ps256: Array(try key.signature(for: SHA256.hash(data: signed), padding: .PSS).rawRepresentation)
        case .ps384: Array(try key.signature(for: SHA384.hash(data: signed), padding: .PSS).rawRepresentation)
        case .ps512: Array(try key.signature(for: SHA512.hash(data: signed), padding: .PSS).rawRepresentation)
        default: throw JOSEError.signingFailed
        }
    }
}
