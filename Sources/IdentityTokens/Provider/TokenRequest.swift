import EngineKit
import OAuth
import Syntax

/// What a client sends to exchange a code (RFC 6749, 4.1.3), with the credentials from wherever they are.
struct TokenRequest: Sendable {
    var clientID: String
    /// Empty for none.
    var clientSecret = ""
    var grantType: String
    var code: String
    var redirectURI: String
    var verifier: String

    private static let credentialBytesMax = 4_096

    /// Reads the form or the JSON object of a request, and its header `Authorization`.
    ///
    /// - Throws: ``ProviderError`` if it is malformed, or if there are two kinds of credentials.
    init(_ request: Request) throws {
        guard let body = request.rawBody, let form = Self.form(body) else {
            throw ProviderError("invalid_request", "the body must be a form (application/x-www-form-urlencoded)")
        }
        clientID = form["client_id"]
        clientSecret = form["client_secret"]
        grantType = form["grant_type"]
        code = form["code"]
        redirectURI = form["redirect_uri"]
        verifier = form["code_verifier"]
        guard !request.authorization.isEmpty else { return }
        guard let (id, secret) = Self.basic(request.authorization) else { throw ProviderError.badClient }
        guard clientSecret.isEmpty, clientID.isEmpty || clientID.equalsUTF8(id) else {
            throw ProviderError("invalid_request", "a client must authenticate in one way only")
        }
        (clientID, clientSecret) = (id, secret)
    }

    private static func form(_ body: RawContent) -> FormBody? {
        body.contentType.lowercased().hasUTF8Prefix("application/json") ? FormBody(json: body.bytes) : FormBody(body.bytes)
    }

    /// Returns the id and the secret of a Basic authorization, each of which is encoded as in a form (RFC 6749, 2.3.1).
    private static func basic(_ header: String) -> (id: String, secret: String)? {
        guard header.utf8.count <= credentialBytesMax, header.prefixUTF8(6).lowercased() == "basic ",
            let bytes = Base64.decode(header.dropFirstUTF8(6).trimmingUTF8(" "), allowing: []),
            let text = String(validating: bytes, as: UTF8.self), let (id, secret) = text.cutUTF8(at: ":"),
            let id = PercentEncoding.decodedText(id, isForm: true), let secret = PercentEncoding.decodedText(secret, isForm: true)
        else { return nil }
        return (id, secret)
    }
}
