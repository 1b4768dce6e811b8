import EngineKit
import Syntax

struct User: Sendable, Hashable {
    let name: String
    var password: PasswordHash
    var tokens = TokenFields()

    init(name: String, password: PasswordHash) {
        self.name = name
        self.password = password
    }

    static let legacyTokens: [TokenFields.Legacy] = [.policies, .ttl, .maxTTL, .boundCIDRs]
}

extension User: StoredAccount {
    var stored: JSONObject {
        ["name": .string(name), "password": .object(password.stored), "tokens": .object(JSONObject(tokens.stored))]
    }

    init?(stored object: JSONObject) {
        guard let name = object["name"]?.stringValue,
            let password = object["password"]?.objectValue.flatMap(PasswordHash.init(stored:)),
            let tokens = object["tokens"]?.objectValue.flatMap(TokenFields.init(stored:))
        else { return nil }
        self.init(name: name, password: password)
        self.tokens = tokens
    }
}
