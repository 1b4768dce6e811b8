import EngineKit
import Records
import Syntax

extension UserSecret: Record {
    var stored: JSONObject {
        var object: JSONObject = [
            "id": .string(id.text), "name": .string(name), "provider": .string(terms.provider), "type": .string(terms.type),
            "visibility": .string(terms.visibility.rawValue), "active": .bool(terms.isActive),
            "created_at": .int(createdAt.nanoseconds), "created_by": .string(createdBy),
            "updated_at": .int(updatedAt.nanoseconds), "revision": .int(revision),
            "versions": .array(
                versions.map { version in
                    [
                        "number": .int(version.number), "created_at": .int(version.createdAt.nanoseconds),
                        "created_by": .string(version.createdBy), "fingerprint": .string(version.fingerprint),
                    ]
                }),
        ]
        if let label { object["label"] = .string(label) }
        if let description { object["description"] = .string(description) }
        if !tags.isEmpty { object["tags"] = .strings(tags) }
        if let expiresAt = terms.expiresAt { object["expires_at"] = .int(expiresAt.nanoseconds) }
        if let hint { object["hint"] = .string(hint) }
        if let lastTest {
            object["last_test"] = ["outcome": .string(lastTest.outcome), "at": .int(lastTest.at.nanoseconds)]
        }
        object["key_version"] = .int(sealed.keyVersion)
        object["value"] = .string(Base64.encode(sealed.bytes))
        return object
    }

    init?(stored object: JSONObject) {
        guard let id = object["id"]?.stringValue.flatMap(SecretID.init), let name = object["name"]?.stringValue,
            let provider = object["provider"]?.stringValue, let type = object["type"]?.stringValue,
            let visibility = object["visibility"]?.stringValue.flatMap(Visibility.init(rawValue:)),
            let isActive = object["active"]?.boolValue, let createdAt = object["created_at"]?.momentValue,
            let createdBy = object["created_by"]?.stringValue, let updatedAt = object["updated_at"]?.momentValue,
            let revision = object["revision"]?.countValue,
            let versions = object["versions"]?.arrayValue.flatMap(Self.versions), !versions.isEmpty,
            let keyVersion = object["key_version"]?.countValue,
            let value = object["value"]?.stringValue.flatMap({ Base64.decode($0, allowing: []) })
        else { return nil }
        self.init(
            id: id, label: object["label"]?.stringValue, name: name, description: object["description"]?.stringValue,
            tags: object["tags"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            terms: UseTerms(
                provider: provider, type: type, visibility: visibility, isActive: isActive,
                expiresAt: object["expires_at"]?.momentValue),
            hint: object["hint"]?.stringValue, createdAt: createdAt, createdBy: createdBy, updatedAt: updatedAt,
            lastTest: object["last_test"].flatMap(Self.test), revision: revision, versions: versions,
            sealed: SealedValue(keyVersion: keyVersion, bytes: value))
    }

    private static func versions(_ rows: [JSON]) -> [Version]? {
        var versions: [Version] = []
        for row in rows {
            guard let number = row["number"]?.countValue, let createdAt = row["created_at"]?.momentValue,
                let createdBy = row["created_by"]?.stringValue, let fingerprint = row["fingerprint"]?.stringValue
            else { return nil }
            versions.append(Version(number: number, createdAt: createdAt, createdBy: createdBy, fingerprint: fingerprint))
        }
        return versions
    }

    private static func test(_ json: JSON) -> Test? {
        guard let outcome = json["outcome"]?.stringValue, let at = json["at"]?.momentValue else { return nil }
        return Test(outcome: outcome, at: at)
    }
}
