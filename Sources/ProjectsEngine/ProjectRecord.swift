import EngineKit
import Syntax

/// What is known about a project besides its secrets.
struct ProjectRecord: Sendable, Hashable {
    var id: String
    var name: String
    var description: String
    var createdAt: Timestamp
    /// Shown.
    var createdBy: String
    /// The private id of whoever made it, who may change it.
    var owner: String
    /// It came about by a first secret; nobody registered it.
    var isImplicit = false

    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "description": .string(description),
            "created": .int(createdAt.nanoseconds), "created_by": .string(createdBy), "owner": .string(owner),
        ]
        if isImplicit { object["implicit"] = true }
        return object.encoded()
    }

    /// nil when the record was not written by this code.
    init?(encoded bytes: [UInt8]) {
        guard let object = try? JSON(parsing: bytes).objectValue, let id = object["id"]?.stringValue,
            let name = object["name"]?.stringValue, let created = object["created"]?.intValue
        else { return nil }
        self.init(
            id: id, name: name, description: object["description"]?.stringValue ?? "",
            createdAt: Timestamp(nanoseconds: Int64(created)), createdBy: object["created_by"]?.stringValue ?? "",
            owner: object["owner"]?.stringValue ?? "")
        isImplicit = object["implicit"]?.boolValue ?? false
    }

    init(id: String, name: String, description: String, createdAt: Timestamp, createdBy: String, owner: String) {
        self.id = id
        self.name = name
        self.description = description
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.owner = owner
    }

    func shown(isDefault: Bool) -> JSONObject {
        [
            "id": .string(id), "name": .string(name), "description": .string(description), "is_default": .bool(isDefault),
            "created_at": .string(createdAt.description), "created_by": .string(createdBy),
        ]
    }
}
