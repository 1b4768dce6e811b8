package import EngineKit
import Syntax

/// A secret as the dialect shows it.
package struct SecretRecord {
    let place: SecretPlace
    private let value: JSON?
    private let version: JSON
    private let updatedAt: JSON
    private let updatedBy: JSON

    /// Creates a secret from `{"data": …, "metadata": …}`. A secret that was stored without a `value` is shown as a whole.
    init(_ place: SecretPlace, data: JSONObject) {
        let stored = data["data"] ?? .null
        self.init(place, metadata: data["metadata"]?.objectValue ?? [:], value: stored["value"] ?? stored)
    }

    /// Creates a secret from the metadata of a version.
    init(_ place: SecretPlace, metadata: JSONObject, value: JSON?) {
        self.place = place
        self.value = value
        version = metadata["version"] ?? .null
        updatedAt = metadata["created_time"] ?? .null
        updatedBy = metadata["created_by"] ?? ""
    }

    /// Creates a secret from an entry of a listing.
    init(_ place: SecretPlace, listed: JSONObject) {
        self.place = place
        value = nil
        version = listed["current_version"] ?? .null
        updatedAt = listed["created_time"] ?? .null
        updatedBy = listed["created_by"] ?? ""
    }

    var shown: JSONObject {
        var members: [JSONObject.Member] = [
            .init(key: "id", value: .string(place.full)), .init(key: "project", value: .string(place.project)),
            .init(key: "path", value: .string(place.path)),
        ]
        if let value { members.append(.init(key: "value", value: value)) }
        members += [
            .init(key: "version", value: version), .init(key: "updated_at", value: updatedAt),
            .init(key: "updated_by", value: updatedBy),
        ]
        return JSONObject(members)
    }

    /// Returns the mount's answer in the form of this dialect.
    package static func encoded(_ place: SecretPlace, _ response: Response) -> [UInt8] {
        if case .data(.raw(let bytes)) = response.body, let secret = RawSecret(bytes) { return secret.encoded(place) }
        return SecretRecord(place, data: response.object).shown.encoded()
    }
}
