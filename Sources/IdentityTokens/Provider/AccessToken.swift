import Records
import Syntax

/// An access token: what `userinfo` needs to know of it. It is good for nothing else, since it is no token of the server.
struct AccessToken: Record, Hashable {
    /// The provider that issued it.
    var provider: String
    var clientID: String
    var entityID: String
    /// The scopes whose claims it gives, without `openid`.
    var scopes: [String]
    /// When it ends, in seconds since 1970.
    var expiresAt: Int
}

extension AccessToken {
    var stored: JSONObject {
        [
            "provider": .string(provider), "client": .string(clientID), "entity": .string(entityID), "scopes": .strings(scopes),
            "until": .int(expiresAt),
        ]
    }

    init?(stored object: JSONObject) {
        guard let provider = object["provider"]?.stringValue, let clientID = object["client"]?.stringValue,
            let entityID = object["entity"]?.stringValue, let scopes = object["scopes"]?.textList,
            let expiresAt = object["until"]?.countValue
        else { return nil }
        self.init(provider: provider, clientID: clientID, entityID: entityID, scopes: scopes, expiresAt: expiresAt)
    }
}
