package import EngineKit
package import Syntax

/// The stored configuration of an audit device.
package struct AuditDeviceConfiguration: Sendable, Hashable {
    /// The path with its final slash, such as `file/`.
    package var path: String
    /// The type: `file`, `socket` or `syslog`.
    package var type: String
    /// A description for people.
    package var description: String
    /// The options, as they were sent.
    package var options: [String: String]
    /// The accessor, created when the device is enabled. The device's keys are derived from it, so it must be stored.
    package var accessor: String
    /// Whether the device was enabled with `local`.
    package var isLocal: Bool

    /// Creates a configuration.
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

    /// Creates the configuration of a new device, with a new accessor.
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
    /// The configuration as it is stored.
    package var json: JSON {
        [
            "path": .string(path), "type": .string(type), "description": .string(description),
            "options": .map(options),
            "accessor": .string(accessor), "local": .bool(isLocal),
        ]
    }

    /// Reads a stored configuration. Returns nil if it is malformed.
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

/// A device and its state.
package struct AuditDeviceStatus: Sendable {
    /// The device's configuration.
    package var configuration: AuditDeviceConfiguration
    /// Whether the device records anything; false for one that discards its lines.
    package var isRecording: Bool
    /// Why the last write failed, or nil if it succeeded.
    package var failure: String?
}
