import EngineKit
import Records
import Syntax

/// A code of the authorization code flow, as the store has it, so that any node can exchange it.
struct AuthorizationCode: Record, Hashable {
    /// The provider that issued it.
    var provider: String
    var clientID: String
    var redirectURI: String
    var entityID: String
    /// The scopes that were asked for and that the provider has, without `openid`.
    var scopes: [String]
    var nonce: String
    /// The challenge of the verifier by the method S256 (RFC 7636); empty for none.
    var challenge: String
    /// When the person logged in, in seconds since 1970; 0 if the client did not ask.
    var loggedInAt: Int
    /// When the code ends, in seconds since 1970.
    var expiresAt: Int
    /// Whether it was presented before.
    var isSpent = false
    /// The name of the access token's record that was issued for it; empty for none.
    var accessToken = ""
}

extension AuthorizationCode {
    var stored: JSONObject {
        [
            "provider": .string(provider), "client": .string(clientID), "redirect": .string(redirectURI),
            "entity": .string(entityID), "scopes": .strings(scopes), "nonce": .string(nonce), "challenge": .string(challenge),
            "logged_in": .int(loggedInAt), "until": .int(expiresAt), "spent": .bool(isSpent), "access": .string(accessToken),
        ]
    }

    init?(stored object: JSONObject) {
        guard let provider = object["provider"]?.stringValue, let clientID = object["client"]?.stringValue,
            let redirectURI = object["redirect"]?.stringValue, let entityID = object["entity"]?.stringValue,
            let scopes = object["scopes"]?.textList, let nonce = object["nonce"]?.stringValue,
            let challenge = object["challenge"]?.stringValue, let loggedInAt = object["logged_in"]?.countValue,
            let expiresAt = object["until"]?.countValue, let isSpent = object["spent"]?.boolValue,
            let accessToken = object["access"]?.stringValue
        else { return nil }
        self.init(
            provider: provider, clientID: clientID, redirectURI: redirectURI, entityID: entityID, scopes: scopes, nonce: nonce,
            challenge: challenge, loggedInAt: loggedInAt, expiresAt: expiresAt, isSpent: isSpent, accessToken: accessToken)
    }
}

extension JSON {
    /// The elements of an array of strings; nil for any other value.
    var textList: [String]? {
        guard let values = arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }
}
