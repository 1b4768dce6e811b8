import Core
import EngineKit
import HTTPShell
import JOSE
import NIOHTTP1
import SecretMemory
import Syntax

/// The credentials of a request. They are not verified here.
enum UserCaller: Sendable {
    /// The kind of inline credentials that users send.
    static let kind = "user"

    /// A token of the platform, with the user that it says it is for.
    case user(UserName, CoreRequest.Credentials)
    /// A token of Coffer, whose entity is the user.
    case token(String)

    /// Reads the header `Authorization`: the word `Bearer`, in any letter case, and the token.
    ///
    /// - Throws: ``UserError/unauthenticated`` if there is no such header, or if the token cannot be that of a user.
    init(_ headers: HTTPHeaders, settings: UserSettings) throws(UserError) {
        let sent = headers["authorization"]
        guard sent.count == 1, let text = sent[0].bearerToken, text.utf8.count <= SignedToken.bytesMax,
            text.splitUTF8(at: " ", omittingEmpty: false).count == 1
        else { throw .unauthenticated }
        if TokenText.prefixes.contains(where: text.hasUTF8Prefix) || text.splitUTF8(at: ".", omittingEmpty: false).count != 3 {
            self = .token(text)
            return
        }
        // Only the path of the request is made from this claim. Whether the token is genuine is decided by the verification, and
        // whether its user may use the path by the policy of the verified user.
        guard let token = try? SignedToken(text), let claims = try? TokenClaims(payload: token.payload),
            let user = claims[settings.userClaim]?.stringValue.flatMap(UserName.init)
        else { throw .unauthenticated }
        switch settings.verification {
        case .own:
            self = .user(
                user, .inline(InlineCredentials(kind: Self.kind, name: "", secret: SecretBytes(Array(text.utf8)))))
        case .login(let path, let role):
            var parameters: JSONObject = ["jwt": .string(text)]
            if !role.isEmpty { parameters["role"] = .string(role) }
            self = .user(user, .login(RequestLogin(path: path, parameters: parameters)))
        }
    }
}
