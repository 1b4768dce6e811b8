package import EngineKit
package import Syntax

/// One row of the audit table, as Core stores it.
package struct AuditDeviceConfiguration: Sendable, Hashable {
    /// With its final slash, such as `file/`.
    package var path: String
    /// `file`, `socket` or `syslog`.
    package var type: String
    package var description: String
    package var options: [String: String]
    /// Made once when the device is enabled. The device's keys come from it, so it must be stored.
    package var accessor: String
    package var isLocal: Bool

    package init(
        path: String, type: String, description: String, options: [String: String], accessor: String, isLocal: Bool = false
    ) {
        self.path = path
        self.type = type
        self.description = description
        self.options = options
        self.accessor = accessor
        self.isLocal = isLocal
    }

    /// A new device with an accessor of its own.
    package init(
        path: String, type: String, description: String = "", options: [String: String], isLocal: Bool = false,
        randomness: some Randomness
    ) {
        self.init(
            path: path.hasUTF8Suffix("/") ? path : path + "/", type: type, description: description, options: options,
            accessor: "audit_\(type)_" + Hex.encode(randomness.bytes(8)), isLocal: isLocal)
    }
}

extension AuditDeviceConfiguration {
    /// The stored form.
    package var json: JSON {
        [
            "path": .string(path), "type": .string(type), "description": .string(description),
            "options": .object(JSONObject(options.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })),
            "accessor": .string(accessor), "local": .bool(isLocal),
        ]
    }

    package init?(json: JSON) {
        guard let path = json["path"]?.stringValue, let type = json["type"]?.stringValue,
            let description = json["description"]?.stringValue, let accessor = json["accessor"]?.stringValue,
            let isLocal = json["local"]?.boolValue, let members = json["options"]?.objectValue
        else { return nil }
        var options: [String: String] = [:]
        for member in members {
            guard let value = member.value.stringValue else { return nil }
            options[member.key] = value
        }
        self.init(
            path: path, type: type, description: description, options: options, accessor: accessor, isLocal: isLocal)
    }
}

/// A device and how it does.
package struct AuditDeviceStatus: Sendable {
    package var configuration: AuditDeviceConfiguration
    /// False for one that throws its lines away.
    package var isRecording: Bool
    /// Why the last write failed; nil when it did not.
    package var failure: String?
}
