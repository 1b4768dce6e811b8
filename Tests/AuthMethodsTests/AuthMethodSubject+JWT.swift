import AuthMethods
import EngineKit
import JOSE
import Syntax
import TestSupport

extension AuthMethodSubject {
    /// The issuer of the subject's tokens; keys are costly, so all tests share one.
    private static let issuer = try? TokenIssuer()

    /// Tokens of a shared issuer. Its refusals have the texts of the Vault API, by which clients tell them apart.
    static var jwt: AuthMethodSubject? {
        guard let issuer else { return nil }
        let claims: JSONObject = ["sub": "ada", "aud": "coffer", "exp": .int(2_000_000_000), "iat": .int(1_700_000_000)]
        guard let token = try? issuer.sign(claims), let other = try? issuer.sign(claims.with(["aud": "canary"])) else { return nil }
        var subject = AuthMethodSubject(
            description: JWTMethod.description(outbound: issuer.outbound), account: "role/app",
            base: ["role_type": "jwt", "user_claim": "sub", "bound_audiences": "coffer"],
            login: { _ in ("login", ["role": "app", "jwt": .string(token)]) },
            failures: { _ in [("login", ["role": "app", "jwt": .string(other)])] },
            displayName: "jwt-ada", secrets: [token])
        subject.prepare = { driver in
            try await driver.send(.update, "config", ["jwks_url": .string(TokenIssuer.address + "/keys")])
        }
        subject.takesStatements = true
        subject.hasFormerLogins = false
        subject.openPaths = ["oidc/auth_url", "oidc/callback", "oidc/poll"]
        return subject
    }
}
