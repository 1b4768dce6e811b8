import EngineKit
import JOSE
import Syntax

/// Nothing that is read is trusted: no key of ours has signed it, and reading a token, a set of keys or a PEM text never traps.
func fuzzJOSE(_ bytes: UnsafeRawBufferPointer) {
    let array = Array(bytes)
    if let keys = try? KeySet(parsing: array) {
        precondition(keys.keys.count <= KeySet.keysMax)
        precondition(!keys.keys.contains { $0.allows(.hs256) }, "a document gave a shared secret")
    }
    if let claims = try? TokenClaims(payload: array) {
        for member in claims.object { _ = claims["/" + member.key] }
        _ = try? claims.audiences()
        try? claims.checkTimes(at: Timestamp(seconds: 1_800_000_000), ClaimLeeways())
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    _ = try? VerificationKey(pem: text)
    if let token = try? SignedToken(text) {
        precondition(!token.payload.isEmpty && token.payload.count <= bytes.count)
        precondition(!ownKeys.verifies(token), "a forged token is verified")
    }
}

private let ownKeys: KeySet = {
    let secret = try? VerificationKey(sharedSecret: [UInt8](repeating: 7, count: 32))
    let key = try? VerificationKey(jwk: SigningKey(generating: .es256).publicJWK(id: "k"))
    return KeySet([secret, key].compactMap(\.self))
}()
