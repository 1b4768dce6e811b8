import EngineKit
import Syntax

/// A project as it is stored: everything that is known about it except its secrets.
struct ProjectRecord: Sendable, Hashable {
    /// A random id.
    var id: String
    /// The project's name, which is part of its secrets' paths.
    var name: String
    /// A description for people.
    var description: String
    /// When the project was created.
    var createdAt: Timestamp
    /// The display name of the caller who created the project.
    var createdBy: String
    /// The token id of the caller who created the project and may therefore change it. It is never shown.
    var owner: String
    /// Whether the project was created by storing its first secret, and nobody has registered it since.
    var isImplicit = false
}

extension ProjectRecord {
    /// The record as it is stored.
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "description": .string(description),
            "created": .int(createdAt.nanoseconds), "created_by": .string(createdBy), "owner": .string(owner),
        ]
        if isImplicit { object["implicit"] = true }
        return object.encoded()
    }

    /// Reads a stored record. Returns nil if it was not written by ``encoded()``.
    init?(encoded bytes: [UInt8]) {
        guard let object = try? JSON(parsing: bytes).objectValue, let id = object["id"]?.stringValue,
            let name = object["name"]?.stringValue, let created = object["created"]?.intValue
        else { return nil }
        self.init(
            id: id, name: name, description: object["description"]?.stringValue ?? "",
            createdAt: Timestamp(nanoseconds: Int64(created)), createdBy: object["created_by"]?.stringValue ?? "",
            owner: object["owner"]?.stringValue ?? "", isImplicit: object["implicit"]?.boolValue ?? false)
    }

    /// The project as the API returns it.
    func shown(isDefault: Bool) -> JSONObject {
        [
            "id": .string(id), "name": .string(name), "description": .string(description), "is_default": .bool(isDefault),
            "created_at": .string(createdAt.description), "created_by": .string(createdBy),
        ]
    }
}
