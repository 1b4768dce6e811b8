import Crypto
import CryptoExtras
import JOSE
import Syntax

extension SigningKey {
    /// Returns the public key as PEM.
    func publicPEM() throws -> String {
        let jwk = try publicJWK(id: "k1")
        let member = { (name: String) in Base64.decode(jwk[name]?.stringValue ?? "", as: .url) ?? [] }
        switch algorithm {
        case .es256: return try P256.Signing.PublicKey(rawRepresentation: member("x") + member("y")).pemRepresentation
        case .es384: return try P384.Signing.PublicKey(rawRepresentation: member("x") + member("y")).pemRepresentation
        default: return try _RSA.Signing.PublicKey(n: member("n"), e: member("e")).pemRepresentation
        }
    }
}
