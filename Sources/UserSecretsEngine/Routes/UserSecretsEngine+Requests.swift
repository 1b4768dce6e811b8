import EngineKit
import Syntax

/// What the routes share.
extension UserSecretsEngine {
    static let ownerField = Field("owner", .string, "The id of the user whose secrets they are.")
    static let idField = Field("id", .string, "The id of the secret.")

    /// The fields of a secret that can be changed.
    static let changeFields = [
        Field("name", .string, "The name that people see."),
        Field("value", .string, "The secret text, which is kept byte for byte."),
        Field("description", .string, "What the secret is for."),
        Field("tags", .strings, "Words to find the secret by."),
        Field("is_active", .bool, "Whether the secret can be used."),
        Field(
            "visibility", .string, oneOf: Visibility.allCases.map(\.rawValue),
            "Whether the value can be revealed: masked, or restricted for never again. It cannot be widened."),
        Field("expires_at", .any, "When the secret expires: RFC 3339, a date, or seconds since 1970."),
        Field("is_default", .bool, "Whether the secret is used where the provider and the type alone are named."),
    ]

    /// Returns the records of the owner that the path names.
    func records(_ request: Request) throws(CofferError) -> OwnedRecords {
        store.records(of: try Owner(request.captures["owner"]))
    }

    /// Returns the id that the path names. What cannot be an id is answered as an id that does not exist.
    func id(_ request: Request) throws(CofferError) -> SecretID {
        guard let id = SecretID(request.captures["id"]) else { throw .notFound }
        return id
    }

    /// Returns what a request says of a secret.
    func change(_ fields: Fields) throws(CofferError) -> SecretChange {
        var change = SecretChange()
        if let name = fields.string("name") {
            try TextRule.name.check(name)
            change.name = name
        }
        if let value = fields.string("value") {
            guard value.utf8.count <= UserSecret.valueBytesMax else {
                throw UserSecretsFailure.limit("field 'value' must have at most \(UserSecret.valueBytesMax) bytes")
            }
            change.value = value
        }
        if let description = fields.string("description") {
            try TextRule.description.check(description)
            change.description = description
        }
        change.tags = try fields.strings("tags").map(TextRule.checkTags)
        change.isActive = fields.bool("is_active")
        change.visibility = fields.string("visibility").flatMap(Visibility.init(rawValue:))
        change.expiresAt = try fields.moment("expires_at")
        change.isDefault = fields.bool("is_default")
        return change
    }

    /// Returns the answer that shows a secret.
    func answer(_ loaded: SecretStore.Loaded, from records: OwnedRecords) async throws -> JSONObject {
        let usage = try await records.find(.usage(loaded.secret.id), as: Usage.self)?.value ?? Usage()
        return SecretAnswer(
            secret: loaded.secret, usage: usage, isDefault: loaded.isDefault, owner: records.owner, now: store.time.now()
        ).shown
    }
}

extension Request {
    /// The caller, as histories show it.
    var author: String {
        guard let caller else { return "" }
        return caller.displayName.isEmpty ? caller.entityID : caller.displayName
    }

    /// Who does something, and from where.
    var accessor: Accessor {
        Accessor(actor: author, entityID: caller?.entityID ?? "", address: connection.remoteAddress, userAgent: userAgent)
    }
}
