import EngineKit
import Records
import Syntax

struct User: Sendable, Hashable {
    let name: String
    /// Tells it from a later user of the same name; empty for one made before users had any.
    let uid: String
    var password: PasswordHash
    var tokens = TokenFields()

    init(name: String, uid: String, password: PasswordHash) {
        self.name = name
        self.uid = uid
        self.password = password
    }

    static let legacyTokens: [TokenFields.Legacy] = [.policies, .ttl, .maxTTL, .boundCIDRs]
}

extension User: Record {
    var stored: JSONObject {
        [
            "name": .string(name), "uid": .string(uid), "password": .object(password.stored),
            "tokens": .object(JSONObject(tokens.stored)),
        ]
    }

    init?(stored object: JSONObject) {
        guard let name = object["name"]?.stringValue,
            let password = object["password"]?.objectValue.flatMap(PasswordHash.init(stored:)),
            let tokens = object["tokens"]?.objectValue.flatMap(TokenFields.init(stored:))
        else { return nil }
        self.init(name: name, uid: object["uid"]?.stringValue ?? "", password: password)
        self.tokens = tokens
    }
}
