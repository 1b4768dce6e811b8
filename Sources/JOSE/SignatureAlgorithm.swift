import Crypto

/// An algorithm of a signature, by its name in the `alg` member of a header (RFC 7518, 3.1; RFC 8037, 3.1).
///
/// There is no case for `none`, so no token can be read that asks for it.
package enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// HMAC with SHA-256. Its key is a secret that both sides share.
    case hs256 = "HS256"
    /// RSA with PKCS #1 v1.5 padding.
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    /// RSA with PSS padding.
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// ECDSA on P-384 with SHA-384.
    case es384 = "ES384"
    /// ECDSA on P-521 with SHA-512.
    case es512 = "ES512"
    /// Ed25519.
    case edDSA = "EdDSA"

    /// Whether the one who verifies could sign as well.
    package var isSymmetric: Bool { self == .hs256 }

    /// The algorithms with a public key.
    package static let asymmetric = allCases.filter { !$0.isSymmetric }
}

extension SignatureAlgorithm {
    /// Returns the hash of bytes by the hash function of the algorithm, as `at_hash` is made with it (OpenID Connect Core, 3.1.3.6).
    /// For Ed25519 that is SHA-512, which the signature uses.
    package func hash(of bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .hs256, .rs256, .ps256, .es256: Array(SHA256.hash(data: bytes))
        case .rs384, .ps384, .es384: Array(SHA384.hash(data: bytes))
        case .rs512, .ps512, .es512, .edDSA: Array(SHA512.hash(data: bytes))
        }
    }
}
