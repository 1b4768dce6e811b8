package import EngineKit
package import JOSE
import Syntax

/// Verifies the tokens of a platform's users: JSON Web Tokens that the platform's identity provider has signed.
package struct UserTokens: Sendable {
    private let own: KeySet?
    private let remote: RemoteKeySet?
    private let issuer: String
    private let audience: String
    private let userClaim: String
    private let time: any TimeSource

    /// Creates the verification.
    ///
    /// - Parameters:
    ///   - own: The keys that the configuration has, or nil.
    ///   - remote: The keys that the provider publishes, or nil.
    ///   - issuer: The issuer that tokens must have; empty if any may have issued them.
    ///   - audience: The audience that tokens must be for.
    ///   - userClaim: The claim that has the user's id.
    package init(
        own: KeySet?, remote: RemoteKeySet?, issuer: String, audience: String, userClaim: String, time: any TimeSource
    ) {
        self.own = own
        self.remote = remote
        self.issuer = issuer
        self.audience = audience
        self.userClaim = userClaim
        self.time = time
    }

    /// Returns the user of a token, or nil if the token is not accepted: it must be signed with a known key, be for the audience,
    /// have an end that is not past, and name a user.
    ///
    /// - Throws: `.unavailable` while there are no keys to verify it with.
    func user(of text: String) async throws(CofferError) -> UserName? {
        guard let token = try? SignedToken(text), let claims = try? TokenClaims(payload: token.payload) else { return nil }
        guard try await isSigned(token) else { return nil }
        guard issuer.isEmpty || claims.has(issuer, as: "iss") else { return nil }
        guard let audiences = try? claims.audiences(), audiences.contains(where: { $0.equalsUTF8(audience) }) else { return nil }
        guard claims["exp"] != nil, (try? claims.checkTimes(at: time.now(), ClaimLeeways())) != nil else { return nil }
        return claims[userClaim]?.stringValue.flatMap(UserName.init)
    }

    private func isSigned(_ token: SignedToken) async throws(CofferError) -> Bool {
        if let own, own.verifies(token) { return true }
        guard let remote else { return false }
        switch await remote.verify(token) {
        case .verified: return true
        case .refused: return false
        case .unavailable:
            throw CofferError(
                .unavailable, "the keys of the identity provider are not available; retry later, and see the server's log")
        }
    }
}
