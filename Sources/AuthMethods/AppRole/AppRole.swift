import EngineKit
import Records
import Syntax

/// A role: what its secret ids and tokens are like.
struct AppRole: Sendable, Hashable {
    let name: String
    /// Names what belongs to this role; a later role of the same name has another.
    let uid: String
    /// Says which role a login is for. Known to whoever may read it, so no secret.
    var roleID: String
    var bindsSecretID = true
    var secretIDBounds = AddressBounds()
    /// 0 is without bound.
    var secretIDUses = 0
    /// Seconds; 0 for no end.
    var secretIDTTL = 0
    var hasLocalSecretIDs = false
    var tokens = TokenFields()

    init(name: String, uid: String, roleID: String) {
        self.name = name
        self.uid = uid
        self.roleID = roleID
    }
}

extension AppRole {
    static let roleIDBytesMax = 256

    static let roleIDField = Field("role_id", .string, "The role's id, instead of a random one.")
    static let legacyTokens: [TokenFields.Legacy] = [.policies, .period]

    static let ownFields: [Field] = [
        Field("bind_secret_id", .bool, "Whether a login needs a secret id."),
        Field("secret_id_bound_cidrs", .strings, "Address ranges that may log in with the role's secret ids."),
        Field("bound_cidr_list", .strings, deprecated: true, "Use secret_id_bound_cidrs."),
        Field("secret_id_num_uses", .int, "Logins that a secret id is good for; 0 is without bound."),
        Field("secret_id_ttl", .duration, "How long a secret id is good for; 0 for no end."),
    ]

    static let localField = Field("local_secret_ids", .bool, "Keep secret ids on this cluster; set only when the role is made.")

    static let fields =
        [AppRoleMethod.roleField, roleIDField, localField] + ownFields + TokenFields.declared
        + TokenFields.declared(legacyTokens)

    /// Takes over what was sent, leaves the rest, and refuses a role that would let anybody in.
    mutating func update(_ fields: Fields) throws(CofferError) {
        if let value = fields.bool("bind_secret_id") { bindsSecretID = value }
        let boundsName = fields.has("secret_id_bound_cidrs") ? "secret_id_bound_cidrs" : "bound_cidr_list"
        if let value = fields.strings(boundsName) { secretIDBounds = try AddressBounds(value, field: boundsName) }
        if let value = fields.int("secret_id_num_uses") {
            secretIDUses = try SecretIDTerms.uses(value, field: "secret_id_num_uses")
        }
        if let value = fields.duration("secret_id_ttl") { secretIDTTL = value }
        try tokens.update(fields)
        try checkConstraints()
    }

    func checkConstraints() throws(CofferError) {
        guard bindsSecretID || !secretIDBounds.isEmpty || !tokens.bounds.isEmpty else {
            throw .invalid("at least one constraint should be enabled on the role")
        }
    }

    static func checkRoleID(_ text: String) throws(CofferError) {
        guard (1...roleIDBytesMax).contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw .invalid("field 'role_id' must have 1 to \(roleIDBytesMax) bytes, none of them control characters")
        }
    }

    var shown: JSONObject {
        let own: [JSONObject.Member] = [
            .init(key: "bind_secret_id", value: .bool(bindsSecretID)),
            .init(key: "local_secret_ids", value: .bool(hasLocalSecretIDs)),
            .init(key: "secret_id_bound_cidrs", value: shownSecretIDBounds),
            .init(key: "secret_id_num_uses", value: .int(secretIDUses)),
            .init(key: "secret_id_ttl", value: .int(secretIDTTL)),
        ]
        return JSONObject(own + tokens.shown)
    }

    /// `null` for none, as the Vault API has it.
    var shownSecretIDBounds: JSON { secretIDBounds.isEmpty ? .null : .strings(secretIDBounds.texts) }
}

extension AppRole: Record {
    var stored: JSONObject {
        [
            "name": .string(name), "uid": .string(uid), "role_id": .string(roleID), "bind": .bool(bindsSecretID),
            "secret_cidrs": .strings(secretIDBounds.texts), "secret_uses": .int(secretIDUses), "secret_ttl": .int(secretIDTTL),
            "local": .bool(hasLocalSecretIDs), "tokens": .object(JSONObject(tokens.stored)),
        ]
    }

    init?(stored object: JSONObject) {
        guard let name = object["name"]?.stringValue, let uid = object["uid"]?.stringValue,
            let roleID = object["role_id"]?.stringValue, let binds = object["bind"]?.boolValue,
            let bounds = object["secret_cidrs"]?.texts.flatMap(AddressBounds.init(stored:)),
            let uses = object["secret_uses"]?.intValue, let ttl = object["secret_ttl"]?.intValue,
            let isLocal = object["local"]?.boolValue, let tokens = object["tokens"]?.objectValue.flatMap(TokenFields.init(stored:))
        else { return nil }
        self.init(name: name, uid: uid, roleID: roleID)
        bindsSecretID = binds
        secretIDBounds = bounds
        secretIDUses = uses
        secretIDTTL = ttl
        hasLocalSecretIDs = isLocal
        self.tokens = tokens
    }
}
